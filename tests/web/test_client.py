"""Small files come once, politely, and are what they should be; parts of large ones come alone."""

from collections.abc import Callable

import pytest

from oemsar.errors import Failure, InputError
from oemsar.limits import raised_limits
from oemsar.web.client import AGENT, Web

from ..scenes.server import BUSY, LOGIN, Answer, Fault, Request, Server

Open = Callable[..., Web]
BODY = bytes(range(256)) * 40


def serve(server: Server, *, etag: str | None = '"a"', ranges: bool = True) -> str:
    def route(request: Request) -> Answer | None:
        found = request.path.startswith("/there")
        return Answer(BODY, "image/png", etag=etag, ranges=ranges) if found else None

    server.routes.append(route)
    return f"{server.address}/there"


def test_an_answer_is_kept_and_a_missing_file_is_none(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    assert [web.get(address, keep=60) for _ in range(3)] == [BODY] * 3
    assert [web.get(f"{server.address}/gone", keep=60) for _ in range(2)] == [None, None]
    assert len(server.requests) == 2
    assert server.requests[0].headers["User-Agent"] == AGENT
    assert "oemsar" in AGENT
    web.get(address)
    assert len(server.requests) == 3  # not to be kept is to be asked again


def test_an_old_answer_is_asked_for_only_where_it_changed(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    web.get(address, keep=60)
    assert web.get(address, keep=1e-9) == BODY
    assert server.requests[1].headers["If-None-Match"] == '"a"'
    assert server.sent == len(BODY)


def test_a_damaged_answer_on_disk_is_asked_for_again(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    web.get(address, keep=60)
    (kept,) = [path for path in web.cache.folder.rglob("*") if path.is_file()]
    kept.write_bytes(kept.read_bytes()[:-5])
    assert web.get(address, keep=60) == BODY
    assert len(server.requests) == 2


def test_passing_faults_pass_and_lasting_ones_end_in_a_sentence(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    server.fail("/there", LOGIN, Fault(after=100))
    assert web.get(address) == BODY
    server.fail("/there", *[LOGIN] * 3)
    with pytest.raises(Failure, match=r"sends a web page in place of data\), tried 3 times"):
        web.get(address, keep=60)
    assert web.cache.find(address) is None
    server.fail("/there", Fault(Answer(status=403)))
    with pytest.raises(Failure, match=r"answers 403 Forbidden; see whether the service has moved"):
        web.get(f"{address}?key=secret")


def test_no_sentence_shows_a_key(server: Server, open_client: Open) -> None:
    serve(server)
    server.fail("key=secret", *[LOGIN] * 3)
    with pytest.raises(Failure) as raised:
        open_client().get(f"{server.address}/there?key=secret")
    assert "secret" not in str(raised.value)


def test_a_server_that_asks_for_time_is_left_alone_by_all_requests(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    server.fail("/there", BUSY)
    assert web.get(address) == BODY
    first, second = server.requests
    assert second.time - first.time >= 1
    server.fail("/there", Fault(Answer(status=503, headers={"Retry-After": "3600"})))
    with pytest.raises(Failure, match=r"asks to be left alone for 3600 s; run the same command again"):
        web.get(address)
    assert len(server.requests) == 3


def test_no_more_requests_than_allowed_are_at_work_at_a_time(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client(at_once=2)
    server.pause = 0.1
    assert list(web.get_all([f"{address}/{number}" for number in range(6)])) == [BODY] * 6
    assert server.most_at_once == 2


def test_many_answers_come_in_order(server: Server, open_client: Open) -> None:
    server.routes.append(lambda request: Answer(request.path.encode()))
    names = [f"/{number}" for number in range(30)]
    found = list(open_client().get_all(f"{server.address}{name}" for name in names))
    assert found == [name.encode() for name in names]


def test_what_must_be_there_and_is_not_names_the_way_to_override_it(
    server: Server, open_client: Open
) -> None:
    with pytest.raises(Failure, match="is not there; see whether the service has moved") as raised:
        open_client().require(f"{server.address}/gone")
    assert raised.value.options == ("endpoint",)


def test_a_body_without_end_is_cut_off(server: Server, open_client: Open) -> None:
    address = serve(server)
    with raised_limits(text_bytes=5000), pytest.raises(InputError, match="more than the 5000"):
        open_client().get(address)


def test_the_size_and_a_part_of_a_file(server: Server, open_client: Open) -> None:
    address, web = serve(server), open_client()
    assert web.size(address) == len(BODY)
    assert web.size(f"{server.address}/gone") is None
    assert server.sent < 100
    assert web.read_range(address, 300, 20) == BODY[300:320]
    server.fail("/there", Fault(after=3))
    assert web.read_range(address, 5, 20) == BODY[5:25]
    server.routes.clear()
    serve(server, ranges=False)
    assert web.size(address) == len(BODY)
    with pytest.raises(Failure, match="the server does not send parts"):
        web.read_range(address, 0, 10)


def test_a_link_that_expired_is_made_anew(server: Server, open_client: Open) -> None:
    class Signed:
        def __init__(self) -> None:
            self.number = 0

        def link(self, address: str) -> str:
            return f"{address}?sig={self.number}"

        def renew(self, address: str) -> bool:
            self.number += 1
            return True

    def route(request: Request) -> Answer | None:
        return Answer(BODY) if request.query.get("sig") == "2" else Answer(status=403)

    server.routes.append(route)
    links = Signed()
    assert open_client().size(f"{server.address}/blob", links) == len(BODY)
    assert links.number == 2
