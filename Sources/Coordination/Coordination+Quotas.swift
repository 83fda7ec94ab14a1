extension Coordination {
    func checkQuota(_ path: ZnodePath, adding usage: ZnodeUsage) throws(CoordinationError) {}
}
