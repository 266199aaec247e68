// Names for tensor type numbers that this program does not read, so that an error can say what the file contains.
// Consulted only after tensor_types.def has said no; nothing here gives a type a meaning.
// Source: ggml's type list (August 2026) and ik_llama.cpp's additions.

enum ForeignType {
    /// One clause about a type number that is not in the list of tensor types.
    static func explain(_ id: UInt32) -> String {
        if let name = removed[id] {
            let fork = id == 36 ? "; 36 is also I2_S in files made for ik_llama.cpp" : ""
            return "\(name), which was removed from GGUF; convert the model again with current tools\(fork)"
        }
        if let name = ik[id] { return "\(name); this file was made for ik_llama.cpp" }
        if id == 97 || (202...399).contains(id) {
            return "a row-interleaved or repacked type; this file was made for ik_llama.cpp"
        }
        return "unknown to GGUF; the file is damaged or newer than this program"
    }

    private static let removed: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8",
        38: "IQ4_NL_8_8",
    ]

    private static let ik: [UInt32: String] = [
        133: "Q6_0", 134: "IQ1_BN", 135: "IQ2_BN", 137: "IQ2_K", 138: "IQ3_K", 139: "IQ4_K", 140: "IQ5_K",
        141: "IQ6_K", 144: "IQ4_KS", 145: "IQ2_KS", 146: "IQ4_KSS", 151: "Q8_KV", 152: "IQ5_KS", 153: "IQ2_KT",
        154: "IQ3_KT", 155: "IQ4_KT", 156: "IQ3_KS", 157: "IQ2_KL", 158: "IQ1_KT",
    ]
}
