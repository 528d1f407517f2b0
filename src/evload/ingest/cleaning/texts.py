"""What a text of a file is without what nobody sees: blanks at its edges, and the other of two Unicode spellings."""

import polars as pl

BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028"
    "\u2029\u202f\u205f\u3000"
    # Without a width, or for the direction of a text alone: spreadsheets and web pages leave them at the edges.
    "\xad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060"
    "\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
# Of those inside a value, the ones that look like nothing or like the blank that they are not.
_NAMED = "[" + "".join(sorted(set(BLANKS) - set(" \t\r\n"))) + "]"


def stripped(texts: pl.Expr) -> pl.Expr:
    return texts.str.strip_chars(BLANKS)


def normalised(texts: pl.Series) -> pl.Series:
    """Gives the ids without blanks at their edges, in the composed form of Unicode (NFC)."""
    bare = texts.to_frame().select(stripped(pl.all())).to_series()
    is_ascii = (bare.str.len_bytes() == bare.str.len_chars()).all()
    return bare if is_ascii else bare.str.normalize("NFC")


def named_blank(values: pl.Series) -> pl.Series:
    """Says of each value which invisible character stands inside it, or says nothing."""
    found = values.to_frame().select(stripped(pl.all()).str.extract(f"({_NAMED})")).to_series()
    names = {text: f" (U+{ord(text):04X}, which is not seen, stands in it)" for text in found.drop_nulls().unique()}
    return found.replace_strict(names, default="", return_dtype=pl.String)
