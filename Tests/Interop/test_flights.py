"""The flights of 2013 through the broker; see flights.py."""

import pytest

import flights
from broker import binary


@pytest.fixture(scope="module")
def all_flights():
    return flights.load()


def test_flights_are_all_there_once_and_in_order(make_broker, all_flights):
    broker = make_broker()
    flights.create(broker.bootstrap, "flights")
    flights.write(broker.bootstrap, "flights", all_flights)
    by_kcat = list(flights.read_by_kcat(broker.bootstrap, "flights"))
    print(flights.check(all_flights, by_kcat))
    print(flights.check(all_flights, flights.read_by_needletail(broker.bootstrap, "flights", binary())))
    broker.restart()
    again = flights.read_by_kcat(broker.bootstrap, "flights")  # Partitions come interleaved as they please.
    assert sorted(again) == sorted(by_kcat), "the same after kill -9"


def test_the_check_notices_what_it_should(all_flights):
    """The checker itself: a lost, a doubled, a swapped and a changed record are each found."""
    some = all_flights[:1000]
    def placed(numbers):
        ends, found = {}, []
        for number in numbers:
            key, value, timestamp = some[number]
            partition = sum(key or b"\x00") % flights.PARTITIONS
            found.append((partition, ends.setdefault(partition, 0), timestamp, key, value))
            ends[partition] += 1
        return found
    assert "all there" in flights.check(some, placed(range(1000)))
    key = next(k for k in (f[0] for f in some) if k and sum(f[0] == k for f in some) > 1)
    first, second = [n for n in range(1000) if some[n][0] == key][:2]
    swapped = [second if n == first else first if n == second else n for n in range(1000)]
    for broken in ([n for n in range(1000) if n != 500], [*range(1000), 999], swapped):
        with pytest.raises(AssertionError):
            flights.check(some, placed(broken))
    changed = placed(range(1000))
    changed[3] = (*changed[3][:4], changed[3][4].replace(b"2013", b"2014"))
    with pytest.raises(AssertionError):
        flights.check(some, changed)
