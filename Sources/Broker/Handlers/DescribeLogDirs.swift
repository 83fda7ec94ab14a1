import CommitLog
import Messages
import Ports
import Vocabulary

/// DescribeLogDirs (35): which partitions lie where, and how large they are. Source: KIP-113, KIP-827
/// (space).
extension ControlLoop {
    func describeLogDirs(_ request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
        var wanted: [String: Set<Int32>]?
        if let topics = request.topics {
            wanted = Dictionary(
                topics.map { ($0.topic, Set($0.partitions)) }, uniquingKeysWith: { $0.union($1) })
        }
        var response = DescribeLogDirsResponse()
        response.results = directories.indices.map { index in
            var result = DescribeLogDirsResponse.DescribeLogDirsResult()
            let disk = directories[index].disk
            result.logDir = disk.disk.name
            if disk.standing == .offline {
                result.errorCode = ErrorCode.kafkaStorageError.rawValue
                return result
            }
            if let space = try? disk.disk.space() {
                result.totalBytes = space.total
                result.usableBytes = space.available
            }
            result.topics = topics(in: disk, wanted)
            return result
        }
        return response
    }

    private func topics(
        in disk: BrokerDisk, _ wanted: [String: Set<Int32>]?
    ) -> [DescribeLogDirsResponse.DescribeLogDirsTopic] {
        running.values.sorted { $0.name < $1.name }.compactMap { running in
            if let wanted, wanted[running.name] == nil { return nil }
            var topic = DescribeLogDirsResponse.DescribeLogDirsTopic()
            topic.name = running.name
            topic.partitions = running.partitions.compactMap { partition in
                guard partition.disk === disk, wanted?[running.name]?.contains(partition.id.partition) ?? true
                else {
                    return nil
                }
                guard let size = try? partition.withLog({ log, _ in log.sizeBytes }) else { return nil }
                var described = DescribeLogDirsResponse.DescribeLogDirsPartition()
                described.partitionIndex = partition.id.partition
                described.partitionSize = size
                return described
            }
            return topic.partitions.isEmpty ? nil : topic
        }
    }
}
