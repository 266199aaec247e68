// One character of a template's text with its origin. A conversation's own words stay marked through every operation,
// so that afterwards only what the template itself wrote is read for special tokens. The mark never counts in a
// comparison: a template sees the text and nothing else.

/// A Unicode scalar that knows whether it came out of a message's content.
public struct TextScalar: Hashable, Sendable, ExpressibleByUnicodeScalarLiteral {
    public let scalar: Unicode.Scalar
    /// True for what a message said, false for what the template wrote.
    public let isContent: Bool

    public init(_ scalar: Unicode.Scalar, isContent: Bool = false) {
        self.scalar = scalar
        self.isContent = isContent
    }

    public init(unicodeScalarLiteral scalar: Unicode.Scalar) { self.init(scalar) }

    public static func == (a: TextScalar, b: TextScalar) -> Bool { a.scalar == b.scalar }
    public func hash(into hasher: inout Hasher) { hasher.combine(scalar) }

    var value: UInt32 { scalar.value }
    var properties: Unicode.Scalar.Properties { scalar.properties }

    /// A mapping's result, of the same origin.
    func replaced(by mapping: String) -> Text { mapping.unicodeScalars.map { TextScalar($0, isContent: isContent) } }

    /// White space in the sense of Python's str.isspace.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1c...0x1f).contains(value) }
    /// Python's str.isprintable: no control, format, unassigned or separator character but the space.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
    var isDigit: Bool { (0x30...0x39).contains(value) }
    var isNameStart: Bool { self == "_" || properties.isXIDStart && value != 0 }
}

/// Text as templates see it: indexable by Unicode scalar, compared scalar by scalar.
public typealias Text = [TextScalar]

extension Array where Element == TextScalar {
    public init(_ string: String, isContent: Bool = false) {
        self = string.unicodeScalars.map { TextScalar($0, isContent: isContent) }
    }

    /// The same text as a Swift string.
    public var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: lazy.map(\.scalar))
        return String(view)
    }
}
