// Samples where the system is short of threads: a library in front of the real one refuses them, the text is the same.
import Foundation
import Testing

private enum RefusedThreads {
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <unistd.h>
        typedef int (*Create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
        static int asked;
        int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
            size_t size = 0;
            if (attributes) pthread_attr_getstacksize(attributes, &size);
            if (size == 8 << 20 && asked++ >= atoi(getenv("THREADS"))) {
                write(2, "refused\\n", 8);
                return EAGAIN;
            }
            return ((Create)dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, body, argument);
        }
        """
    private static let compiler = ["/usr/bin/cc", "/usr/bin/clang"].first(
        where: FileManager.default.isExecutableFile(atPath:))

    /// The built library; nil without a compiler.
    static let library: TemporaryFile? = {
        guard let compiler, let library = try? TemporaryFile(Data(), name: "threads.so"),
            let code = try? TemporaryFile(Data(source.utf8), name: "threads.c")
        else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler)
        process.arguments = ["-shared", "-fPIC", "-o", library.path, code.path, "-ldl"]
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus == 0 ? library : nil
    }()
}

@Suite struct SampleTests {
    private static let arguments =
        ["fuse", "-p", "The old man said", "-n", "8", "--temp", "1", "-s", "3", "--strategy", "vote", "--samples", "5"]
        + ["tiny-llama", "tiny-gpt2"].flatMap { ["-m", "\($0)=\(Executable.fixture($0))"] }

    @Test(.enabled(if: RefusedThreads.library != nil), arguments: [0, 1, 7])
    func samplesWithoutThreadsAreDrawnOneAfterTheOther(threads: Int) throws {
        let library = try #require(RefusedThreads.library)
        let expected = try Executable.run(Self.arguments)
        let outcome = try Executable.run(
            Self.arguments, environment: ["LD_PRELOAD": library.path, "THREADS": "\(threads)"])
        #expect(outcome.code == 0 && outcome.error.contains("refused"), "\(outcome.error)")
        #expect(outcome.text == expected.text && !outcome.text.isEmpty)
    }

    @Test func memoryIsPlannedForEverySample() throws {
        func cache(_ extra: [String]) throws -> Double {
            let outcome = try Executable.run(Self.arguments + ["-v"] + extra)
            let line = outcome.error.split(separator: "\n").first { $0.contains("memory: tiny-llama") }
            let words = try #require(line).split(separator: " ")
            return try #require(words.firstIndex(of: "cache").flatMap { Double(words[$0 + 1]) })
        }
        let (one, many) = (try cache(["--samples", "1"]), try cache(["--samples", "40"]))
        #expect(abs(many / one - 40) < 4, "\(one) \(many)")
    }
}
