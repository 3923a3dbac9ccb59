from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace import conventions as names
from orchestrace.records import EventRecord, SpanRecord

if TYPE_CHECKING:
    from tests.browser.conftest import Shown

Make = Callable[..., SpanRecord]
Show = Callable[..., "Shown"]
AGENT = {names.ROLE: "agent", names.AGENT_NAME: "Crafter"}
DRAFTS = [
    "# Hello\n\nDear Ms. Nakamura, we **hereby** inform you of [an opportunity](https://jobs.example/1).",
    "# Hello\n\nHi Ada, we **gladly** inform you of [an opportunity](https://jobs.example/1).",
]
ATTACKS = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<style>@import url(http://127.0.0.1:1/x.css);</style><link rel=stylesheet href=http://127.0.0.1:1/y.css>",
    "<iframe src=http://127.0.0.1:1/frame></iframe><meta http-equiv=refresh content='0;url=http://127.0.0.1:1/'>",
    "![pixel](http://127.0.0.1:1/pixel.png) [click](javascript:alert(1)) <http://127.0.0.1:1/auto>",
    "![x](data:text/html,<script>alert(1)</script>)\n\n```html\n<script>alert(1)</script>\n```",
    "\" autofocus onfocus=alert(1) x=\"' onmouseover='alert(1)",
    "--></title></style></textarea></template><script>alert(1)</script><!--",
    "{{ 7 * 7 }} {% raw %} ${7*7} &lt;script&gt;alert(1)&lt;/script&gt;",
    "| a<script>alert(1)</script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | `<b>` |",
]
BIDI = "admin\u202e)nekot(\u2066 \u200bx\u0000\x1b[2J\ufeff end"


@pytest.fixture
def run(span: Make) -> list[SpanRecord]:
    """Return a run of two iterations, of which the second draft was accepted."""
    top = span(
        "invoke_agent Crafter", {**AGENT, names.STOP_REASON: "accepted", names.KEY: "job-417"}, end=9_000_000_000
    )
    spans = [top]
    for index, text in enumerate(DRAFTS, 1):
        turn = span(f"iteration {index}", {names.ROLE: "iteration", names.ITERATION_INDEX: index}, top)
        told = {names.EVALUATION_SCORE: 0.4 * index, names.EVALUATION_PASSED: index == 2}
        told |= {
            names.ROLE: "evaluator",
            names.EVALUATOR_NAME: "tone",
            names.EVALUATION_EXPLANATION: f"feedback {index}",
        }
        spans += [
            turn,
            span("generate draft", {names.ROLE: "generator", names.OUTPUT_VALUE: text}, turn),
            span("evaluate tone", told, turn),
        ]
    return spans


def attacked(attack: str, span: Make) -> list[SpanRecord]:
    """Return a run in which everything that others may write is one text."""
    said = json.dumps([{"role": attack, "parts": [{"type": "text", "content": attack}, {"type": attack}]}])
    identity = dict.fromkeys((names.KEY, names.SESSION_ID, names.USER_ID, names.SUMMARY, names.STOP_DETAIL), attack)
    top = span(
        attack, {**AGENT, **identity, names.AGENT_NAME: attack, names.AGENT_VERSION: attack, names.ACCEPTED: False}
    )
    failed = {"status": "ERROR", "status_message": attack, "events": [EventRecord(attack, 1, {attack: attack})]}
    spans = [top]
    for index in (1, 2):
        turn = span(attack, {names.ROLE: "iteration", names.ITERATION_INDEX: index}, top)
        written = {names.ROLE: "generator", names.OUTPUT_VALUE: f"{attack}{index}", names.PROMPT_NAME: attack}
        judged = {names.EVALUATION_LABEL: attack, names.EVALUATION_EXPLANATION: attack, names.EVALUATOR_NAME: attack}
        call = {names.OPERATION_NAME: "chat", names.INPUT_MESSAGES: said, names.OUTPUT_MESSAGES: said, attack: attack}
        draft = span(attack, written, turn)
        spans += [turn, draft, span("chat", call, draft, scope=attack, **failed)]
        spans += [span(attack, {names.ROLE: "evaluator", **judged}, turn)]
    outcome = {names.OUTCOME_PREFIX + name: attack for name in ("name", "value", "comment")}
    return [*spans, span(attack, outcome, top)]


class TestHostileContent:
    @pytest.mark.parametrize("attack", ATTACKS)
    def test_stays_text(self, show: Show, span: Make, attack: str) -> None:
        """No script runs, nothing is asked for but the page, and nothing but ours is in it."""
        shown = show(attacked(attack, span))
        shown.page.click("#unfold")
        for form in ("raw", "markdown", "changes"):
            shown.page.evaluate(
                "form => document.querySelectorAll(`.field`).forEach(one => { one.dataset.shown = form })", form
            )
            shown.page.mouse.move(300, 300)
        found = shown.page.evaluate(
            "() => [document.scripts.length, document.querySelectorAll('img, iframe, object, form, link, [onload], "
            '[onerror], [onfocus], [href]:not([href^="#"]), [src]\').length, document.styleSheets.length]'
        )

        assert ([], [], 1) == (shown.dialogs, shown.complaints, len(shown.requests))
        assert [1, 0, 1] == found
        assert attack in shown.page.evaluate(
            "() => [...document.querySelectorAll('.whole')].map(one => one.textContent)"
        )

    def test_writing_cannot_be_turned_around(self, show: Show, span: Make) -> None:
        """Marks that are not seen are shown by number, each in a box of its own; copying gives them back."""
        shown = show([span("chat", {names.ROLE: "agent", names.AGENT_NAME: "A", names.SUMMARY: BIDI})])
        value = shown.page.locator(".lead .field", has_text="summary").locator(".whole")

        assert ["U+202E", "U+2066", "U+200B", "U+FEFF"] == value.locator("i").evaluate_all(
            "all => all.map(one => one.dataset.code)"
        )
        assert {"isolate"} == set(
            shown.page.locator("i.hidden").evaluate_all("all => all.map(one => getComputedStyle(one).unicodeBidi)")
        )
        assert BIDI.replace("\0", "\u2400").replace("\x1b", "\u241b") == value.text_content()

    def test_the_policy_forbids_whatever_else_would_run(self, show: Show, run: list[SpanRecord]) -> None:
        """Were there a hole, the browser itself would not run or load what came through it."""
        shown = show(run)
        shown.page.evaluate(
            """() => {
                const script = document.createElement('script');
                script.textContent = 'document.title = "taken"';
                document.body.append(script);
                const image = document.createElement('img');
                image.src = 'http://127.0.0.1:1/pixel.png';
                document.body.append(image);
                document.body.setAttribute('onclick', 'document.title = "taken"');
                document.body.click();
            }"""
        )

        assert "invoke_agent Crafter" == shown.page.title()
        assert 3 == sum("Content Security Policy" in said for said in shown.complaints)


class TestStory:
    def test_drafts_stand_side_by_side(self, show: Show, run: list[SpanRecord]) -> None:
        """With what was said of them below; the second shows what changed."""
        page = show(run).page
        columns = page.locator(".column")

        assert ["Iteration 1", "Iteration 2"] == columns.locator("h2").all_inner_texts()
        assert columns.nth(0).bounding_box()["x"] < columns.nth(1).bounding_box()["x"]
        assert columns.nth(0).bounding_box()["y"] == columns.nth(1).bounding_box()["y"]
        assert ["feedback 1", "feedback 2"] == page.locator(".feedback .raw").all_inner_texts()
        assert ["Dear Ms. Nakamura", "hereby"] == columns.nth(1).locator(".changes del").all_inner_texts()
        assert ["Hi Ada", "gladly"] == columns.nth(1).locator(".changes ins").all_inner_texts()

    def test_markdown_is_rendered(self, show: Show, run: list[SpanRecord]) -> None:
        """A heading, words in bold, a link that leads nowhere and says where it would; raw is one click away."""
        page = show(run).page
        draft = page.locator(".column").nth(0).locator(".draft")

        assert ("Hello", "hereby") == (draft.locator("h1").inner_text(), draft.locator("strong").inner_text())
        assert "https://jobs.example/1" == draft.locator(".target").inner_text()
        assert 0 == draft.locator(".said a").count()
        draft.get_by_role("button", name="Raw").click()
        assert DRAFTS[0] == draft.locator(".raw").inner_text()
        assert not draft.locator("strong").is_visible()

    def test_the_waterfall_shows_when_what_happened(self, show: Show, run: list[SpanRecord]) -> None:
        """One line a span, from left to right; a click unfolds what it says."""
        page = show(run).page
        lefts = page.locator(".span rect").evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
        line = page.locator(".span", has_text="evaluate tone").first
        line.locator("summary").click()

        assert (len(run), sorted(lefts)) == (page.locator(".span").count(), lefts)
        assert line.locator(".whole", has_text="feedback 1").is_visible()

    def test_a_draft_leads_to_its_span(self, show: Show, run: list[SpanRecord]) -> None:
        """Which is unfolded."""
        page = show(run).page
        page.locator(".draft a").nth(1).click()

        assert ["generate draft"] == page.locator(".span[open] .name").all_inner_texts()


class TestSearch:
    def test_leaves_the_values_with_the_words(self, show: Show, run: list[SpanRecord]) -> None:
        """Whatever the case of the letters; the spans around them stay, too."""
        page = show(run).page
        page.keyboard.press("/")
        page.keyboard.type("FEEDBACK 2")
        page.get_by_text("2 values, 1 span", exact=True).wait_for()

        assert ["invoke_agent Crafter", "iteration 2", "evaluate tone"] == page.locator(
            ".span > summary > .name:visible"
        ).all_inner_texts()
        assert 1 == page.locator(".span .field:visible").count()
        assert page.evaluate("CSS.highlights.get('found').size") >= 2

    def test_is_undone(self, show: Show, run: list[SpanRecord]) -> None:
        """Everything is there again, and what was folded is folded."""
        page = show(run).page
        page.fill("#search", "gladly")
        page.locator("#found:not(:empty)").wait_for()
        page.keyboard.press("Escape")

        assert (len(run), 0) == (page.locator(".span:visible").count(), page.locator(".span[open]").count())
        assert "" == page.locator("#found").inner_text()

    def test_nothing_is_said(self, show: Show, run: list[SpanRecord]) -> None:
        """And nothing is shown."""
        page = show(run).page
        page.fill("#search", "<nothing like this>")
        page.locator("#found", has_text="nothing").wait_for()

        assert 0 == page.locator(".span:visible").count()


class TestCopy:
    def test_gives_the_value_as_it_was(self, show: Show, run: list[SpanRecord]) -> None:
        """Whichever form of it is shown."""
        page = show(run).page
        draft = page.locator(".column").nth(1).locator(".draft")
        draft.hover()
        draft.get_by_role("button", name="Copy").click()
        page.get_by_text("Copied", exact=True).wait_for()

        assert DRAFTS[1] == page.evaluate("navigator.clipboard.readText()")

    def test_works_where_the_clipboard_is_not_given(self, show: Show, run: list[SpanRecord]) -> None:
        """Older ways are tried."""
        page = show(run).page
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
        page.locator(".lead .field", has_text="key").get_by_role("button", name="Copy").press("Enter")
        page.get_by_text("Copied", exact=True).wait_for()

        assert "job-417" == page.evaluate("navigator.clipboard.readText()")


class TestLooks:
    def test_follows_the_system_unless_told_otherwise(self, show: Show, run: list[SpanRecord]) -> None:
        """Dark where the system is dark; the button goes from auto to light to dark, and it is remembered."""
        paper = "getComputedStyle(document.body).backgroundColor"
        light, dark = (show(run, color_scheme=scheme).page.evaluate(paper) for scheme in ("light", "dark"))
        page = show(run, color_scheme="light").page
        found = []
        for _ in range(3):
            page.click("#theme")
            found.append(page.evaluate(paper))
        page.click("#theme")
        page.click("#theme")
        page.reload()

        assert light != dark
        assert [light, dark, light] == found
        assert (dark, "Theme: dark") == (page.evaluate(paper), page.inner_text("#theme"))

    def test_is_reached_by_keyboard(self, show: Show, run: list[SpanRecord]) -> None:
        """Tab leads through everything, Enter unfolds, and each button has a name."""
        page = show(run).page
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.span > summary')"):
                break
        page.keyboard.press("Enter")

        assert 1 == page.locator(".span[open]").count()
        assert [] == page.evaluate(
            "() => [...document.querySelectorAll('button, input')].filter(one => !(one.textContent || "
            "one.getAttribute('aria-label') || one.labels?.length)).map(one => one.outerHTML)"
        )

    def test_prints_without_what_only_works_on_a_screen(self, show: Show, run: list[SpanRecord]) -> None:
        """Light, and without buttons."""
        page = show(run, color_scheme="dark").page
        page.emulate_media(media="print")

        assert not page.locator("#search").is_visible()
        assert "rgb(251, 250, 248)" == page.evaluate("getComputedStyle(document.body).backgroundColor")

    @pytest.mark.parametrize("width", [360, 800])
    def test_fits_narrow_windows(self, show: Show, run: list[SpanRecord], width: int) -> None:
        """Nothing makes the page wider than the window."""
        page = show(run, viewport={"width": width, "height": 800}).page
        page.click("#unfold")

        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
class TestLargeContent:
    @pytest.mark.parametrize("unit", ["word \n", "x", "<b>\u202e"])
    def test_stays_usable(self, show: Show, span: Make, unit: str) -> None:
        """Five megabytes are folded away; they are searched and copied in seconds, and do not block the page."""
        text = unit * (5_000_000 // len(unit)) + "needle"
        began = time.monotonic()
        top = span("invoke_agent Crafter", {**AGENT, names.INPUT_VALUE: text})
        page = show([top, span("chat", {names.OPERATION_NAME: "chat", names.SUMMARY: text}, top)]).page
        page.fill("#search", "needle")
        page.locator("#found:not(:empty)").wait_for()
        folded = page.locator(".folded").first
        page.evaluate("document.querySelectorAll('.about, .span').forEach(one => { one.open = true })")
        folded.locator("summary").click()
        copied = folded.locator(".whole").evaluate("one => one.textContent.length")

        assert "characters" in folded.locator(".size").inner_text()
        assert len(text) == copied
        assert time.monotonic() - began < 60

    def test_many_spans_are_shown(self, show: Show, span: Make) -> None:
        """Thousands, nested as deep as they like."""
        spans = [span("invoke_agent Crafter", AGENT)]
        for number in range(3_000):
            above = spans[-1] if number < 300 else spans[number % 300]
            spans.append(span(f"step {number}", {"a.b": "c"}, above))
        page = show(spans).page

        assert len(spans) == page.locator(".span").count()


def test_nothing_is_a_page_too(show: Show) -> None:
    """No span, no error."""
    shown = show([])

    assert ("nothing", []) == (shown.page.title(), shown.complaints)


def test_runs_without_iterations(show: Show, span: Make) -> None:
    """There is no column, and all about the run is unfolded."""
    page = show([span("invoke_agent Crafter", {**AGENT, names.OUTPUT_VALUE: "done"})]).page

    assert (0, True) == (page.locator(".column").count(), page.locator(".about .whole", has_text="done").is_visible())
