from evload.api.pages.dashboard import plotly


def test_plotly_is_sent_without_its_wrapper_but_with_its_licence() -> None:
    text = plotly().decode()
    assert text.startswith("/**\n* plotly.js v")
    licence, _, code = text.partition("*/")
    assert "MIT" in licence
    assert code.startswith('\n"use strict";var Plotly=(()=>{')
    assert text.endswith("window.Plotly = Plotly;")
