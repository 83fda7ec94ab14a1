import Vocabulary

/// ZooKeeper's commands for people: four letters instead of a first frame, answered with text, then the connection is closed.
enum FourLetterWord: String, CaseIterable {
    case conf, cons, crst, dirs, dump, envi, gtmk, hash, isro, mntr, ruok, srst, srvr, stat, stmk, wchc, wchp, wchs

    /// - Returns: nil when the bytes are no word, but a frame's length.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4 else { return nil }
        self.init(rawValue: String(decoding: bytes[..<4], as: UTF8.self))
    }
}
