import Testing

@testable import Coordination

struct DigestIdentityTests {
    /// Made by Python's `hashlib` and `base64`.
    @Test(arguments: [
        ("bob:secret", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0="), ("a:", "a:faqErSBWcv9/lZW1ERCcDsnNQLg="),
        ("x", "x:EfatjsUqKYSrqv18O1FlA3hcIHI="), ("ü:ü", "ü:qcqkOzGcLO8PHYnRpkgWWx6qO9c="),
        (":", ":BaefBs8/Z/cm2uaNGKIpD2yaUMk="), ("", ":2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
        ("user:" + String(repeating: "p", count: 55), "user:PVtignSP6IC4aSTRdV1UC35YpZ4="),
        ("user:" + String(repeating: "p", count: 58), "user:jZZpyVA7ihhOCErx0yhKxM+uRJI="),
        ("user:" + String(repeating: "p", count: 59), "user:8skqFuz23EE5HGL+3wH9LsT21Ss="),
        ("user:" + String(repeating: "p", count: 200), "user:iUVqlf1uDmx7H8E4gGOSSqKjC94="),
    ])
    func `a user is named by the digest of his name and password`(credentials: String, id: String) {
        #expect(Identity(digestOf: Array(credentials.utf8)) == Identity(scheme: "digest", id: id))
    }

    @Test func `credentials that are no text are nobody's`() {
        #expect(Identity(digestOf: [0xFF, 0xFE]) == nil)
    }

    @Test(arguments: 0...130)
    func `messages of any length are padded to whole blocks`(length: Int) {
        let digest = SHA1.digest(of: Array(repeating: 7, count: length))
        #expect(digest.count == 20)
        #expect(digest != SHA1.digest(of: Array(repeating: 7, count: length + 1)))
    }
}
