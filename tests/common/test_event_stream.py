"""Server-sent events: their bytes, and a most of them."""

import pytest

from common.event_stream import BEAT, Event, event_stream, places
from common.problems import ServiceUnavailable


def test_an_event_is_written_as_the_standard_says():
    event = Event("message", {"text": "two\nlines 🎉"}, id="17")
    assert event.encode().decode() == (
        'id: 17\nevent: message\ndata: {"text":"two\\nlines 🎉"}\n\n'
    )


def test_a_stream_is_kept_by_nobody_and_held_back_by_no_proxy():
    response = event_stream([Event("unread", {"unread": 1}), BEAT])
    assert b"".join(response) == b'event: unread\ndata: {"unread":1}\n\n: beat\n\n'
    assert response["Content-Type"] == "text/event-stream"
    assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-store", "no")
    response.close()


def test_one_more_than_there_is_room_for_is_503(settings):
    settings.LIVE_STREAMS = 2
    streams = [event_stream([]), event_stream([])]
    with pytest.raises(ServiceUnavailable) as refused:
        event_stream([])
    assert refused.value.retry_after == 5
    streams[0].close()
    streams[0] = event_stream([])
    for stream in streams:
        stream.close()
    assert places.taken == 0


def test_closing_a_stream_ends_who_makes_its_events():
    ended = []

    def events():
        try:
            yield BEAT
            yield BEAT
        finally:
            ended.append(True)

    response = event_stream(events())
    assert next(iter(response)) == b": beat\n\n"
    response.close()
    assert ended == [True]
