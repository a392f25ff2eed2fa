"""The plugin as its users have it: in runs of pytest of their own."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project in whose environment the package is installed, with the entry point that it declares."""
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    lines = "\n".join(f"{name} = {module}" for name, module in entry_points.items())
    information = pytester.mkdir("site") / "pamela_plugin_only-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: pamela-plugin-only\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[pytest11]\n{lines}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(information.parent)]))
    pytester.makeini("[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def write(project: pytest.Pytester, text: str) -> None:
    project.makepyfile(test_it=dedent(text))


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests with this plugin and those that it is tried with, which is quicker than with all there are."""
    plugins = [f"-p{name}" for name in ("pamela.pytest_plugin", "pytest_asyncio.plugin", "anyio.pytest_plugin")]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return project.runpytest_subprocess("-p", "no:cacheprovider", *plugins, *arguments)


def run_as_installed(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests with all plugins that the environment has."""
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_calls_are_placed_and_looked_at(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
        import pytest
        from pamela import PamelaClient


        def test_it_is_a_project_of_the_tests_own(pamela):
            assert len(pamela.calls) == 0
            pamela.assert_no_calls()
            pamela.client.create_call(to="+12025550123", task="Order a pizza")
            assert pamela.calls.one(to="+12025550123").task == "Order a pizza"
            assert pamela.calls.one(task="pizza").to == "+12025550123"
            pamela.assert_no_calls(to="+12025550124")
            with pytest.raises(AssertionError, match="0 calls with to='.12025550124' were placed, not one. The calls"):
                pamela.calls.one(to="+12025550124")
            with pytest.raises(AssertionError, match="Calls of any kind were placed. The calls of this test: .12025550123"):
                pamela.assert_no_calls()
            with pytest.raises(TypeError, match="has no field 'tö'; it has to, task"):
                pamela.calls.one(**{"tö": 1})


        def test_another_test_has_another(pamela):
            assert list(pamela.calls) == []
            pamela.script(outcome="busy")
            call = PamelaClient().create_call(to="+12025550123", task="Order a pizza")
            assert pamela.client.wait_for_call(call.id, poll_interval=0.01).summary == "The line was busy."


        def test_a_call_is_expected(pamela):
            pamela.client.create_call(to="+12025550123", task="An earlier one")
            with pamela.expect_call(to="+12025550123", metadata={"order": 1}) as expected:
                pamela.client.create_call(to="+12025550123", task="Order a pizza", metadata={"order": 1})
            assert expected.call.metadata == {"order": 1}
            with pytest.raises(AssertionError, match="No call with task='salad' was placed"):
                with pamela.expect_call(task="salad", timeout=0.05):
                    pass
            with pytest.raises(AssertionError, match="2 calls with task='soup' were placed"):
                with pamela.expect_call(task="soup"):
                    for _ in range(2):
                        pamela.client.create_call(to="+12025550123", task="soup")


        def test_the_sandbox_is_directed(pamela):
            pamela.fail_next(503)
            pamela.clock.advance(1)
            assert pamela.client.list_tools() == []
        """,
    )

    run(installed).assert_outcomes(passed=4)


@pytest.mark.slow
def test_an_asynchronous_client_works_in_asyncio_and_trio(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
        import pytest


        @pytest.mark.asyncio
        async def test_asyncio(pamela_async):
            await pamela_async.client.create_call(to="+12025550123", task="Order a pizza")
            assert pamela_async.calls.one().to == "+12025550123"


        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
        async def test_both(pamela_async, anyio_backend):
            await pamela_async.client.create_call(to="+12025550123", task="Order a pizza")
            assert len(pamela_async.calls) == 1


        async def place_later(client):
            import anyio

            await anyio.sleep(0.05)
            await client.create_call(to="+12025550124", task="Order a pizza")


        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
        async def test_a_task_places_the_expected_call(pamela_async, anyio_backend):
            import anyio

            async with anyio.create_task_group() as group:
                async with pamela_async.expect_call(to="+12025550124") as expected:
                    group.start_soon(place_later, pamela_async.client)
            assert expected.call.to == "+12025550124"
            with pytest.raises(AssertionError, match="No call of any kind was placed"):
                async with pamela_async.expect_call(timeout=0):
                    pass


        @pytest.mark.asyncio
        async def test_waiting_without_the_loop(pamela_async):
            with pytest.raises(AssertionError, match="In an async test use `async with`"):
                with pamela_async.expect_call(timeout=0):
                    pass


        def test_neither(pamela_async):
            pass
        """,
    )

    result = run(installed)

    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(["*pamela_async is for async tests; test_neither can have pamela.*"])


WEBHOOK_APPS = """
    import json
    import pytest
    from flask import Flask, request

    def make_app(status):
        app = Flask(__name__)
        app.seen = []

        @app.post("/webhooks/pamela")
        def receive():
            app.seen.append(request.get_json())
            return {}, status

        return app

    async def asgi_app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def place(pamela):
        return pamela.client.create_call(to="+15005550002", task="Order a pizza")
"""


@pytest.mark.slow
def test_an_application_gets_its_webhooks(installed: pytest.Pytester) -> None:
    write(
        installed,
        WEBHOOK_APPS
        + """
    def test_wsgi(pamela, pamela_app):
        app = make_app(200)
        pamela_app(app)
        call = place(pamela)
        assert len(pamela.deliveries.wait(2)) == 2
        assert {each["call_id"] for each in app.seen} == {call.id}

    def test_asgi(pamela, pamela_app):
        pamela_app(asgi_app)
        assert [each["status"] for each in pamela.wait_for_deliveries(place(pamela))] == ["delivered"] * 2

    @pytest.mark.asyncio
    async def test_asynchronous(pamela_async, pamela_app):
        app = make_app(200)
        pamela_app(app)
        await pamela_async.client.create_call(to="+15005550002", task="Order a pizza")
        pamela_async.deliveries.wait(2)
        """,
    )

    run(installed).assert_outcomes(passed=3)


def test_a_webhook_that_is_refused_fails_the_test(installed: pytest.Pytester) -> None:
    write(
        installed,
        WEBHOOK_APPS
        + """
    def test_refused(pamela, pamela_app):
        pamela_app(make_app(401))
        place(pamela)

    def test_not_there(pamela):
        pamela.sandbox.configure(webhook_url="http://127.0.0.1:9/")
        place(pamela)

    @pytest.mark.pamela_undelivered
    def test_that_is_meant(pamela, pamela_app):
        pamela_app(make_app(401))
        place(pamela)
        """,
    )

    result = run(installed, "--strict-markers")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*Webhooks were refused or did not arrive (mark the test with pamela_undelivered if that is meant):*",
            "call.queued to http://127.0.0.1:*/webhooks/pamela: * answered 401 '{}\\n'*",
            "A 401 means that the application has another secret: pass it as pamela_app(app, webhook_secret=...).",
            "call.queued to http://127.0.0.1:9/: *ConnectError: *",
        ]
    )


def test_a_tool_may_answer_with_an_error(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
    import pytest
    from pamela import ToolError, ToolRegistry, WebhookEndpoint
    from pamela.integrations.wsgi import wsgi_app

    tools = ToolRegistry("shop")

    @tools.tool
    def cancel(order_id: str) -> str:
        '''Cancel an order.'''
        if order_id == "1":
            raise ToolError("This order is cancelled already.")
        return 1 / 0

    @pytest.mark.parametrize("arguments", [{"order_id": "1"}, {"order_id": "2"}, {}])
    def test_it(pamela, pamela_app, arguments):
        pamela_app(wsgi_app(WebhookEndpoint("whsec_sandbox", tools=tools)))
        pamela.script(tools=[("cancel", arguments)])
        call = pamela.client.create_call(to="+12025550123", task="Order", tools=tools.definitions())
        pamela.wait_for_deliveries(call)
        """,
    )

    result = run(installed)

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(['cancel to http://*: failed after 1 attempt, which answered 400 *"error":*'] * 2)


def test_a_mistake_is_named_where_it_is_made(installed: pytest.Pytester) -> None:
    write(
        installed,
        WEBHOOK_APPS
        + """
    async def broken_app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "There is no database."})

    def test_app(pamela, pamela_app):
        with pytest.raises(TypeError, match="'shop:app' is not a WSGI or ASGI application"):
            pamela_app("shop:app")
        with pytest.raises(ValueError, match="'hooks' is not a path of the application. Write '/hooks'"):
            pamela_app(make_app(200), webhooks="hooks")
        with pytest.raises(RuntimeError, match="The application did not start"):
            pamela_app(broken_app)

    def test_script(pamela):
        pamela.script(outcome="voicemail")

    def test_clock(pamela, pamela_app):
        from pamela import WebhookEndpoint
        from pamela.integrations.wsgi import wsgi_app

        pamela.clock.set("2031-12-31T23:59:00Z")
        pamela_app(wsgi_app(WebhookEndpoint("whsec_sandbox")))
        place(pamela)
        """,
    )

    result = run(installed)

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            ">*pamela.script(outcome=*voicemail*)",
            "E*SandboxError: outcome: 'voicemail' is not one of *'answered', *'answer lost'?",
            "The clock of the sandbox is set, *give your endpoint tolerance=None.",
        ]
    )
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")
    result.stdout.no_fnmatch_line("*HTTPConnection(*")


def test_a_long_report_is_shortened(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
        def test_many(pamela):
            pamela.script(outcome="busy")
            for number in range(14):
                pamela.client.create_call(to=f"+120255501{number:02}", task="Order a pizza")
            pamela.assert_no_calls()
        """,
    )

    result = run(installed)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*+12025550109: 'Order a pizza' (*); and 4 more.", "call_* to +12025550113: *"])
    assert result.stdout.str().count("  task: Order a pizza") == 10


@pytest.mark.slow
def test_the_report_of_a_failure_shows_calls_and_deliveries(installed: pytest.Pytester) -> None:
    write(
        installed,
        WEBHOOK_APPS
        + """
    def test_failing(pamela, pamela_app):
        pamela_app(make_app(200))
        pamela.script(says=["Harbour Hotel, good evening?"])
        call = pamela.client.create_call(to="+12025550123", task="Order a pizza")
        pamela.wait_for_deliveries(call)
        assert pamela.calls.one().status == "failed"
        """,
    )

    result = run(installed)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Pamela calls*",
            "call_* to +12025550123: completed",
            "  task: Order a pizza",
            "  user: Harbour Hotel, good evening?",
            "  summary: Order a pizza: done.",
            "*Pamela deliveries*",
            "call.queued to http://127.0.0.1:*/webhooks/pamela: delivered after 1 attempt, which answered 200",
            "call.transcript_update to *: delivered after 1 attempt, which answered 200 (* times)",
        ]
    )


@pytest.mark.slow
def test_tests_in_parallel_do_not_meet(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
        import pytest


        @pytest.mark.parametrize("number", range(20))
        def test_it(pamela, number):
            pamela.client.create_call(to="+12025550123", task=f"Call {number}")
            assert pamela.calls.one().task == f"Call {number}"
        """,
    )

    run(installed, "-p", "xdist", "-n", "2").assert_outcomes(passed=20)


@pytest.mark.slow
def test_it_can_be_switched_off(installed: pytest.Pytester) -> None:
    write(installed, "def test_it(pamela): pass")

    result = run_as_installed(installed, "-p", "no:pamela")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'pamela' not found*"])


def test_nothing_is_imported_until_a_fixture_is_used(installed: pytest.Pytester) -> None:
    write(
        installed,
        """
        import sys

        def test_before():
            loaded = {name for name in sys.modules if name.startswith("pamela")}
            assert loaded == {"pamela", "pamela._version", "pamela.pytest_plugin"}
            assert not {"httpx", "starlette", "uvicorn", "jsonschema", "yaml"} & set(sys.modules)
        """,
    )
    # Other plugins of the environment import what they like.
    others = [f"-pno:{name}" for name in ("anyio", "schemathesis", "pytest_httpx", "respx", "hypothesispytest")]

    run_as_installed(installed, *others).assert_outcomes(passed=1)


def test_a_missing_extra_is_named(installed: pytest.Pytester) -> None:
    write(installed, "def test_it(pamela): pass")
    (installed.path / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['uvicorn'] = None\n")

    result = run(installed)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*The sandbox needs uvicorn: pip install 'thisispamela?sandbox?'*"])


@pytest.mark.slow
def test_the_page_on_testing_is_right(installed: pytest.Pytester) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "guides" / "testing.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (installed.path / "test_page.py").write_text("\n\n".join(blocks))

    run(installed, "-o", "asyncio_mode=auto").assert_outcomes(passed=10)
