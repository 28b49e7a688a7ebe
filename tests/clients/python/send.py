"""Sends what sentry-sdk can send, and keeps a copy of each envelope in the folder SENT. The first argument says what."""

import os
import sys
import uuid

import sentry_sdk
from sentry_sdk.crons import capture_checkin
from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.sessions import track_session
from sentry_sdk.transport import HttpTransport


class Copying(HttpTransport):
    """The transport that is the default, with a copy."""

    number = 0

    def capture_envelope(self, envelope):
        path = os.path.join(os.environ["SENT"], f"{Copying.number:04}")
        Copying.number += 1
        with open(path, "wb") as file:
            file.write(envelope.serialize())
        super().capture_envelope(envelope)


def start(**options):
    sentry_sdk.init(
        release="python-client@2.0.0",
        environment="test",
        server_name="böx",
        transport=Copying,
        traces_sample_rate=1.0,
        shutdown_timeout=20,
        # Otherwise what is installed beside it shows in what it sends.
        auto_enabling_integrations=False,
        **options,
    )
    sentry_sdk.set_tag("brush", "flat")
    sentry_sdk.set_tag("long", "x" * 200)
    sentry_sdk.set_user({"id": "u-7", "email": "mia@example.com", "username": "mia", "ip_address": "192.0.2.7", "plan": {"seats": 3}})
    sentry_sdk.set_context("canvas", {"width": 640, "name": "Grün", "layers": [1, 2, {"deep": None}]})
    sentry_sdk.set_extra("strokes", [17, "\u0000", "\U0001f58c"])
    sentry_sdk.add_breadcrumb(category="ui", message="pressed the button", level="info", data={"x": 3})
    sentry_sdk.add_breadcrumb(type="http", category="httplib", data={"url": "http://example.com/", "status_code": 404})


def paint(colour):
    brush = {"width": 3, "hair": "雨"}
    try:
        return {}[colour]
    except KeyError as error:
        raise ValueError(f"no colour {colour!r} for {brush['hair']}") from error


def fail():
    try:
        paint("grün")
    except ValueError as error:
        return sentry_sdk.capture_exception(error)


def message():
    start()
    sentry_sdk.capture_message("it rains: 雨 \U0001f327 \u0000 \ud800", level="warning")


def exception():
    start()
    sentry_sdk.add_attachment(bytes=b"line one\n\xff\x00{}\nline two", filename="notes ü.bin")
    sentry_sdk.add_attachment(bytes=b"", filename="../../empty")
    fail()


def unhandled():
    start()
    paint("rot")


def big():
    start(max_value_length=600_000)
    sentry_sdk.add_attachment(bytes=bytes(range(256)) * (20 << 10), filename="big.bin")
    sentry_sdk.set_context("many", {f"key {number}": "ü" * 40 for number in range(2_000)})
    sentry_sdk.capture_message("big " + "m" * 500_000)


def transaction():
    start()
    with sentry_sdk.start_transaction(op="ui.action", name="draw") as whole:
        whole.set_measurement("strokes", 17, "none")
        with sentry_sdk.start_span(op="db.query", name="SELECT colour") as span:
            span.set_data("rows", 3)
            span.set_status("not_found")
        fail()


def sessions():
    """Three of a whole program: one without a fault, one with an error, one that crashed. Five of requests."""
    start(auto_session_tracking=True)
    for outcome in ["well", "error", "crash"]:
        with sentry_sdk.isolation_scope() as scope:
            scope.set_user({"id": f"user-{outcome}"})
            with track_session(scope, session_mode="application"):
                if outcome == "error":
                    fail()
                elif outcome == "crash":
                    scope._session.update(status="crashed", errors=1)
    for number in range(5):
        with sentry_sdk.isolation_scope() as scope, track_session(scope, session_mode="request"):
            if number == 4:
                fail()


def feedback():
    start()
    event_id = fail()
    transport = sentry_sdk.get_client().transport
    report = Envelope(headers={"event_id": event_id})
    comment = {"event_id": event_id, "name": "Mia", "email": "mia@example.com", "comments": "the brush 雨 broke"}
    report.add_item(Item(payload=PayloadRef(json=comment), type="user_report"))
    transport.capture_envelope(report)

    feedback_id = uuid.uuid4().hex
    words = {"message": "and again", "contact_email": "mia@example.com", "name": "Mia", "associated_event_id": event_id}
    event = {"event_id": feedback_id, "type": "feedback", "platform": "python", "contexts": {"feedback": words}}
    event["timestamp"] = "2026-11-22T08:00:00Z"
    event["release"] = "python-client@2.0.0"
    envelope = Envelope(headers={"event_id": feedback_id})
    envelope.add_item(Item(payload=PayloadRef(json=event), type="feedback"))
    transport.capture_envelope(envelope)


def others():
    """What is taken and counted, and of which nothing is made; then an event."""
    start(enable_logs=True, sample_rate=1.0, before_send=lambda event, hint: None if event.get("level") == "debug" else event)
    capture_checkin(monitor_slug="nightly", status="ok")
    sentry_sdk.logger.warning("a line of a log")
    # Dropped here: the client reports it.
    sentry_sdk.capture_message("never sent", level="debug")
    sentry_sdk.capture_message("the last", level="info")


{
    act.__name__: act
    for act in [message, exception, unhandled, big, transaction, sessions, feedback, others]
}[sys.argv[1]]()
sentry_sdk.flush(timeout=20)
