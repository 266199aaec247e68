// The statistics against published values, the reading of answers, and the bookkeeping of the headroom report.
import Testing

@testable import Fusion

@Test func intervalsAreClopperPearsons() {
    let cases: [(successes: Int, trials: Int, lower: Double, upper: Double)] = [
        (8, 10, 0.4439, 0.9748), (0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (50, 100, 0.3983, 0.6017),
    ]
    for expected in cases {
        let found = Statistics.interval(successes: expected.successes, trials: expected.trials)
        #expect(abs(found.lower - expected.lower) < 1e-4 && abs(found.upper - expected.upper) < 1e-4)
    }
}

@Test func mcNemarIsTheExactSignTest() {
    #expect(abs(Statistics.mcNemar(onlyFirst: 1, onlySecond: 9) - 22.0 / 1024) < 1e-12)
    #expect(Statistics.mcNemar(onlyFirst: 3, onlySecond: 3) == 1)
    #expect(Statistics.mcNemar(onlyFirst: 0, onlySecond: 0) == 1)
    #expect(abs(Statistics.mcNemar(onlyFirst: 23, onlySecond: 1) - 50.0 / 16_777_216) < 1e-12)
}

@Test(arguments: [
    ("The sum is 3 + 4 = 7.\n#### 7", "7"), ("#### 1,234\nand 9 more", "1234"), ("no mark, but 5 and 6", "6"),
    ("#### none, yet 8 before", "8"), ("#### -3.50", "-3.5"), ("no number", nil), ("####", nil),
])
func finalNumbersAreRead(text: String, expected: String?) {
    #expect(finalNumber(text) == expected)
}

@Test func reportCountsPairsAndTheCeiling() {
    var report = HeadroomReport(["solo:a", "solo:b", "default"])
    let outcomes = [
        [true, false, true], [false, true, true], [false, false, true], [false, true, false], [false, false, false],
    ]
    for outcome in outcomes { report.add(outcome.map { ($0, 2, 0.5) }) }
    #expect(report.rows.map(\.correct) == [1, 2, 3])
    #expect(report.anyCorrect == 3)
    #expect(report.bestSolo == 1)
    #expect(report.rows[0].tokens == 10 && report.rows[0].seconds == 2.5)
    // default alone is right twice, b alone once.
    #expect(report.p(2, versus: 1) == 1)
    #expect(report.verdict.hasPrefix("No"))
}
