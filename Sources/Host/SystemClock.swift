import CLinux
package import Broker
package import Vocabulary

/// The machine's clocks. Nobody above this room reads them.
package enum SystemClock {
    package static func now() -> Moment { Moment(instant: instant(), timestamp: timestamp()) }
    package static func instant() -> Instant { Instant(nanoseconds: nt_monotonic_nanoseconds()) }
    package static func timestamp() -> Timestamp { Timestamp(milliseconds: nt_wall_milliseconds()) }
}
