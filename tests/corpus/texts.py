"""Study files that are broken as texts: YAML, encodings, attacks on the reader."""

from __future__ import annotations

from corpus.table import Case, text

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS: list[Case] = [
    text("a repeated key", lambda text: text + "\nseed: 4\n", "'seed' stands twice"),
    text("aliases", lambda text: text + "\nreport: &a {}\nx: *a\n", "anchors and aliases"),
    text(
        "a tag that runs code",
        lambda text: text.replace("title: A small study", "title: !!python/object/apply:os.getcwd []"),
        "could not determine a constructor",
    ),
    text("a number as key", lambda text: text + "\n3: 4\n", "keys that are text"),
    text("two documents", lambda text: text + "\n---\na: 1\n", "another document"),
    text("brackets without end", lambda text: text + "\nreport: " + "[" * 5000, "valid YAML"),
    text("a tab", lambda text: text + "\nreport:\n\tsummary: x\n", "line"),
    text("a list", lambda _: "- a\n- b\n", "keys and values"),
    text("nothing", lambda _: "", "keys and values"),
    text("a date for a title", lambda text: text.replace("A small study", "2020-01-01"), "title"),
    text("a bomb of aliases", lambda _: BOMB, "anchors and aliases"),
    text("a bomb beside a study", lambda text: text + BOMB, "anchors and aliases"),
    text("a file that asks to be evaluated", lambda text: "__use_yte__: true\n" + text, "evaluates parts"),
    text("an object of Python", lambda text: text + "x: !!python/name:os.system ''\n", "could not determine"),
    text("a set", lambda text: text.replace("[site]", "!!set {site, arm}"), "tags (!!) are not allowed"),
    text(
        "bytes for a title", lambda text: text.replace("A small study", "!!binary aGk="), "tags (!!) are not"
    ),
    text("a key that merges", lambda text: text + "<<: {seed: 4}\n", "the key << is not allowed"),
    text("a lone equals sign", lambda text: text.replace("unit: id", "unit: ="), "put it in quotes"),
    text("a list for a key", lambda text: text + "? [a, b]\n: 3\n", "valid YAML"),
    text("yes for a title", lambda text: text.replace("A small study", "yes"), "put the value in quotes"),
    text("a day that is none", lambda text: text.replace("A small study", "2020-13-45"), "put it in quotes"),
    text(
        "a number of a million digits",
        lambda text: text.replace("seed: 5", f"seed: {'9' * 200_000}"),
        "digits",
    ),
    text("a number of many letters", lambda text: text.replace("seed: 5", f"seed: 0x{'f' * 5000}"), "digits"),
    text("a number in base 60", lambda text: text.replace("seed: 5", f"seed: 1{':59' * 60_000}"), "digits"),
    text("mappings without end", lambda text: text + "x: " + "{a: " * 5000, "valid YAML"),
    text(
        "lists within lists",
        lambda text: text + f"x: {'[' * 200}{']' * 200}\n",
        "sections within one another",
    ),
    text("a list of fifty thousand", lambda text: text + f"x: [{'1, ' * 51_000}]\n", "keys and items"),
    text("two million bytes", lambda text: text + "#" * 2_000_000, "at most 300,000 bytes"),
    text(
        "a quotation mark without end",
        lambda text: text.replace("A small study", "'A small study"),
        "valid YAML",
    ),
    text("a colon too many", lambda text: text.replace("A small study", "A study: small"), "line 2"),
    text("indentation that slips", lambda text: text.replace("  female:", " female:"), "line"),
    text(
        "a study in Latin letters",
        lambda text: text.replace("small study", "caf\u00e9").encode("latin-1"),
        "UTF-8",
    ),
    text("a study in UTF-16", lambda text: text.encode("utf-16"), "UTF-8 text"),
    text("encodings mixed", lambda text: text.encode() + b"# \xc3\xa9 \xe9\n", "UTF-8 text"),
    text("bytes of a picture", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "UTF-8 text"),
    text("a control character", lambda text: text + "x: \x07\n", "special characters are not allowed"),
    text("JSON cut short", lambda _: '{"study": "small", ', "valid YAML"),
    text("a web page for a study", lambda _: "<!DOCTYPE html>\n<html>\n", "keys and values"),
    text("one word", lambda _: "small\n", "keys and values"),
]
