// Conversations as JSON: [{"role":"user","content":"..."}, ...], or {"messages":[...]} around it. What a template would
// never see (tool calls, names, images) is refused instead of dropped.
import ChatTemplates
import FoundationEssentials

enum MessagesFile {
    /// The conversation in a file, or on standard input for "-"; refuses what is not one.
    static func read(_ path: String) throws(CommandError) -> [Message] {
        let bytes = try readBytes(path)
        let name = path == "-" ? "standard input" : "'\(path)'"
        guard bytes.count <= 64 << 20 else { throw .badData("\(name) is larger than 64 MiB") }
        let messages: [Entry]
        do {
            let decoder = JSONDecoder()
            if bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") {
                messages = try decoder.decode(Wrapper.self, from: Data(bytes)).messages
            } else {
                messages = try decoder.decode([Entry].self, from: Data(bytes))
            }
        } catch {
            throw .badData("\(name) is not a conversation: \(reason(error))")
        }
        guard !messages.isEmpty else { throw .badData("\(name) is not a conversation: it has no messages") }
        return messages.map(\.message)
    }

    /// The conversation in the form `read` takes.
    static func json(_ messages: [Message]) -> JSON {
        .array(messages.map { ["role": .string($0.role), "content": .string($0.content)] })
    }

    private struct Wrapper: Decodable {
        var messages: [Entry]
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct Refusal: Error {
        var text: String
    }

    private struct Entry: Decodable {
        var message: Message

        init(from decoder: any Decoder) throws {
            let place = "message \((decoder.codingPath.last?.intValue ?? 0) + 1)"
            let members = try decoder.container(keyedBy: Key.self)
            for key in members.allKeys.map(\.stringValue).sorted() where key != "role" && key != "content" {
                throw Refusal(text: "\(place) has the member \(key.debugDescription); there are only role and content")
            }
            func text(_ name: String) throws -> String {
                guard let text = try? members.decode(String.self, forKey: Key(stringValue: name)) else {
                    throw Refusal(text: "the \(name) of \(place) must be a string")
                }
                return text
            }
            let role = try text("role")
            guard Message.roles.contains(role) else {
                let known = Message.roles.joined(separator: ", ")
                throw Refusal(text: "the role of \(place) is \(role.debugDescription); there are \(known)")
            }
            message = Message(role: role, content: try text("content"))
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as Refusal: error.text
        case DecodingError.keyNotFound(let key, _): "it has no member \(key.stringValue.debugDescription)"
        case DecodingError.typeMismatch(_, let context): "wrong type at \(place(context))"
        case DecodingError.valueNotFound(_, let context): "nothing at \(place(context))"
        default: "it is not valid JSON"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "message \($0 + 1)" } ?? $0.stringValue }
        return path.isEmpty ? "the top" : path.joined(separator: ", ")
    }
}
