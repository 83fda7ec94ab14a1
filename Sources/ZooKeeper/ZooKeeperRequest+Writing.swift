import Wire

extension ZooKeeperRequest {
    /// The request's whole frame, as a client sends it.
    package func frame(xid: Int32) -> [UInt8] {
        let header = ZooKeeperRequestHeader(xid: xid, type: opCode.rawValue)
        return makeFrame(bodySize: header.size + size) { (out, at) in
            header.write(out, &at)
            write(out, &at)
        }
    }

    /// Of the body, without header and length.
    package var size: Int {
        switch self {
        case .create(let request): request.size
        case .delete(let request), .check(let request): request.size
        case .exists(let request), .getData(let request), .getChildren(let request),
            .getChildren2(let request):
            request.size
        case .setData(let request): request.size
        case .getACL(let path), .sync(let path), .getEphemerals(let path), .getAllChildrenNumber(let path):
            juteStringSize(path)
        case .setACL(let request): request.size
        case .multi(let operations): multiListSize(operations)
        case .multiRead(let operations): multiListSize(operations)
        case .reconfig(let request): request.size
        case .checkWatches(let request), .removeWatches(let request), .addWatch(let request): request.size
        case .deleteContainer(let path): path.utf8.count
        case .auth(let request): request.size
        case .setWatches(let request): request.size
        case .sasl(let token): nullableBytesSize(token, flexible: false)
        case .ping, .whoAmI, .closeSession: 0
        }
    }

    /// The body. `out` must have room for `size` bytes.
    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        switch self {
        case .create(let request): request.write(out, &at)
        case .delete(let request), .check(let request): request.write(out, &at)
        case .exists(let request), .getData(let request), .getChildren(let request),
            .getChildren2(let request):
            request.write(out, &at)
        case .setData(let request): request.write(out, &at)
        case .getACL(let path), .sync(let path), .getEphemerals(let path), .getAllChildrenNumber(let path):
            writeJuteString(path, out, &at)
        case .setACL(let request): request.write(out, &at)
        case .multi(let operations): writeMultiList(operations, out, &at)
        case .multiRead(let operations): writeMultiList(operations, out, &at)
        case .reconfig(let request): request.write(out, &at)
        case .checkWatches(let request), .removeWatches(let request), .addWatch(let request):
            request.write(out, &at)
        case .deleteContainer(let path):
            for byte in path.utf8 { writeInteger(byte, out, &at) }
        case .auth(let request): request.write(out, &at)
        case .setWatches(let request): request.write(out, &at)
        case .sasl(let token): writeNullableBytes(token, out, &at, flexible: false)
        case .ping, .whoAmI, .closeSession: break
        }
    }
}
