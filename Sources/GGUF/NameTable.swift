// Finds a name among many by hash without storing the names: a table of indices, compared through a closure.
// One idea: 6 bytes per name instead of a dictionary of strings (a file of 100,000 tensors opens in milliseconds).
// Hasher is seeded per process, so a hostile file cannot choose names that collide.

struct NameTable: Sendable {
    struct Duplicate: Error { let first: Int, second: Int }

    private var slots: [UInt32]  // index + 1; 0 is free

    /// `name(i)` gives the bytes of name i, for i in 0..<count. Throws the first pair of equal names.
    init(count: Int, name: (Int) -> UnsafeRawBufferPointer) throws(Duplicate) {
        slots = [UInt32](repeating: 0, count: count + count / 2 + 1)
        for index in 0..<count {
            let (found, slot) = probe(name(index), name)
            if let found { throw Duplicate(first: found, second: index) }
            slots[slot] = UInt32(index + 1)
        }
    }

    func index(of wanted: UnsafeRawBufferPointer, name: (Int) -> UnsafeRawBufferPointer) -> Int? {
        probe(wanted, name).found
    }

    private func probe(_ wanted: UnsafeRawBufferPointer, _ name: (Int) -> UnsafeRawBufferPointer) -> (
        found: Int?, slot: Int
    ) {
        var hasher = Hasher()
        hasher.combine(bytes: wanted)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        var slot = Int(hash.multipliedFullWidth(by: UInt64(slots.count)).high)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if FileBytes.equal(name(index), wanted) { return (index, slot) }
            slot = slot + 1 == slots.count ? 0 : slot + 1
        }
        return (nil, slot)
    }
}
