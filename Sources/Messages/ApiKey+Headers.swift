extension ApiKey {
    /// The version of the header of a request of this API and version.
    package func requestHeaderVersion(_ apiVersion: Int16) -> Int16 {
        apiVersion >= flexibleFrom ? 2 : 1
    }

    /// The version of the header of its response. For ApiVersions always 0: who asks does not know yet what we
    /// speak, so it must be able to read the answer whatever it is (KIP-511).
    package func responseHeaderVersion(_ apiVersion: Int16) -> Int16 {
        self != .apiVersions && apiVersion >= flexibleFrom ? 1 : 0
    }
}
