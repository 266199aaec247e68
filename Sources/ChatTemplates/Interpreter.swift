// Runs the statements of a template: scopes, loops, macros, captured output. Every step, every scalar of output and
// every level of nesting is counted against TemplateLimits, so a hostile template ends soon.

struct Interpreter {
    let limits: TemplateLimits
    let now: TemplateClock
    /// Innermost last; 0 holds what the caller gave, 1 what the template sets at its top level.
    private var scopes: [[String: Value]]
    private(set) var output = Text()
    private var steps = 0
    private var depth = 0

    init(variables: [String: Value], limits: TemplateLimits, now: TemplateClock) {
        self.limits = limits
        self.now = now
        scopes = [variables, [:]]
    }

    /// How a statement ended.
    enum Flow { case normal, breakLoop, continueLoop }

    // MARK: Limits

    /// Counts a step, and one more for each 64 values of `size`.
    mutating func charge(_ size: Int = 0, at position: TemplatePosition) throws(TemplateError) {
        guard size <= limits.output else {
            throw .limit("a value of \(size) items, the limit is \(limits.output)", at: position)
        }
        steps += 1 + size / 64
        guard steps <= limits.steps else { throw .limit("after \(limits.steps) steps", at: position) }
    }

    mutating func deeper<T>(
        at position: TemplatePosition, _ work: (inout Interpreter) throws(TemplateError) -> T
    ) throws(TemplateError) -> T {
        depth += 1
        guard depth <= limits.nesting else { throw .limit("nested deeper than \(limits.nesting)", at: position) }
        defer { depth -= 1 }
        return try work(&self)
    }

    mutating func write(_ text: Text, at position: TemplatePosition) throws(TemplateError) {
        guard output.count + text.count <= limits.output else {
            throw .limit("more than \(limits.output) characters of output", at: position)
        }
        output += text
    }

    // MARK: Names

    func lookup(_ name: String) -> Value {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return Self.functions.contains(name) ? .function(name) : .undefined(name)
    }

    private mutating func assign(_ target: Statement.Target, _ value: Value, at position: TemplatePosition)
        throws(TemplateError)
    {
        switch target {
        case .names(let names):
            try bind(names, to: value, at: position)
        case .member(let name, let member):
            guard case .namespace(let space) = lookup(name) else {
                throw .type("\(name) is \(lookup(name).typeName), only a namespace has members to set", at: position)
            }
            space.members[Text(member)] = value
        }
    }

    private mutating func bind(_ names: [String], to value: Value, at position: TemplatePosition) throws(TemplateError)
    {
        let top = scopes.count - 1
        if names.count == 1 {
            scopes[top][names[0]] = value
            return
        }
        let parts = try elements(of: value, at: position)
        guard parts.count == names.count else {
            throw .type("\(names.count) names for \(parts.count) values", at: position)
        }
        for (name, part) in zip(names, parts) { scopes[top][name] = part }
    }

    // MARK: Statements

    mutating func run(_ statements: [Statement]) throws(TemplateError) -> Flow {
        for statement in statements {
            let flow = try run(statement)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private mutating func run(_ statement: Statement) throws(TemplateError) -> Flow {
        let position = statement.position
        try charge(at: position)
        switch statement.kind {
        case .text(let text): try write(text, at: position)
        case .output(let expression): try write(try evaluate(expression).printed, at: position)
        case .conditional(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition).isTrue {
                return try deeper(at: position) { i throws(TemplateError) in try i.run(branch.body) }
            }
            return try deeper(at: position) { i throws(TemplateError) in try i.run(otherwise) }
        case .loop(let loop): try deeper(at: position) { i throws(TemplateError) in try i.run(loop, at: position) }
        case .assign(let target, let expression): try assign(target, try evaluate(expression), at: position)
        case .capture(let target, let filters, let body):
            try assign(target, try filtered(try captured(body, at: position), filters, at: position), at: position)
        case .macro(let name, let parameters, let body):
            scopes[scopes.count - 1][name] = .macro(Macro(name: name, parameters: parameters, body: body))
        case .filtered(let filters, let body):
            try write(try filtered(try captured(body, at: position), filters, at: position).printed, at: position)
        case .block(let body): return try deeper(at: position) { i throws(TemplateError) in try i.run(body) }
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private mutating func captured(_ body: [Statement], at position: TemplatePosition) throws(TemplateError) -> Value {
        let outside = output
        output = []
        scopes.append([:])
        let result = Result<Flow, TemplateError> { () throws(TemplateError) in
            try deeper(at: position) { i throws(TemplateError) in try i.run(body) }
        }
        scopes.removeLast()
        let inside = output
        output = outside
        _ = try result.get()
        try charge(inside.count, at: position)
        return .string(inside)
    }

    private mutating func filtered(
        _ value: Value, _ filters: [(name: String, Arguments)], at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        var value = value
        for (name, arguments) in filters {
            value = try apply(filter: name, to: value, try evaluate(arguments), at: position)
        }
        return value
    }

    private mutating func run(_ loop: Statement.Loop, at position: TemplatePosition) throws(TemplateError) {
        var items = try elements(of: try evaluate(loop.sequence), at: loop.sequence.position)
        scopes.append([:])
        defer { scopes.removeLast() }
        if let condition = loop.condition {
            var kept: [Value] = []
            for item in items {
                try bind(loop.variables, to: item, at: position)
                if try evaluate(condition).isTrue { kept.append(item) }
            }
            items = kept
        }
        var completed = false
        for index in items.indices {
            // A turn costs as much as nine steps, even of an empty body.
            try charge(512, at: position)
            scopes[scopes.count - 1] = ["loop": .map(Self.loopState(items, index))]
            try bind(loop.variables, to: items[index], at: position)
            let flow = try run(loop.body)
            if flow == .normal { completed = true }
            if flow == .breakLoop { break }
        }
        // Jinja runs the else part unless some turn reached its end: a break or continue in every turn counts as none.
        if !completed {
            scopes[scopes.count - 1] = [:]
            _ = try run(loop.otherwise)
        }
    }

    private static func loopState(_ items: [Value], _ index: Int) -> OrderedMap {
        var state = OrderedMap()
        state[Text("index")] = .integer(index + 1)
        state[Text("index0")] = .integer(index)
        state[Text("revindex")] = .integer(items.count - index)
        state[Text("revindex0")] = .integer(items.count - index - 1)
        state[Text("first")] = .bool(index == 0)
        state[Text("last")] = .bool(index == items.count - 1)
        state[Text("length")] = .integer(items.count)
        state[Text("previtem")] = index > 0 ? items[index - 1] : .undefined("loop.previtem")
        state[Text("nextitem")] = index + 1 < items.count ? items[index + 1] : .undefined("loop.nextitem")
        return state
    }

    // MARK: Macros

    mutating func call(_ macro: Macro, _ arguments: EvaluatedArguments, at position: TemplatePosition)
        throws(TemplateError) -> Value
    {
        guard arguments.positional.count <= macro.parameters.count else {
            throw .type(
                "macro \(macro.name) takes \(macro.parameters.count) arguments, not \(arguments.positional.count)",
                at: position)
        }
        for named in arguments.named.keys where !macro.parameters.contains(where: { $0.name == named }) {
            throw .type("macro \(macro.name) has no parameter \(named)", at: position)
        }
        let callers = scopes
        scopes = Array(scopes.prefix(2)) + [[:]]
        defer { scopes = callers }
        for (index, parameter) in macro.parameters.enumerated() {
            let value: Value
            if index < arguments.positional.count {
                value = arguments.positional[index]
            } else if let named = arguments.named[parameter.name] {
                value = named
            } else if let fallback = parameter.fallback {
                value = try evaluate(fallback)
            } else {
                value = .undefined(parameter.name)
            }
            scopes[scopes.count - 1][parameter.name] = value
        }
        return try captured(macro.body, at: position)
    }

    /// What a loop runs over: items of a list, keys of a mapping, characters of a string, nothing of undefined.
    mutating func elements(of value: Value, at position: TemplatePosition) throws(TemplateError) -> [Value] {
        let items: [Value]
        switch value {
        case .list(let list): items = list
        case .map(let map): items = map.keys.map { .string($0) }
        case .string(let text): items = text.map { .string([$0]) }
        case .undefined: items = []
        default: throw .type("\(value.typeName) is not iterable", at: position)
        }
        try charge(items.count, at: position)
        return items
    }
}
