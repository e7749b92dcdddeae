package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong about a command is told on one line of standard error, with exit code 2, before a model is loaded. */
class WrongUsageTest {
    @TempDir
    Path home;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "| squall: missing command: squall --help lists them",
                "chat --tepm 1 -p x | squall: unknown option '--tepm': did you mean --temp",
                "chat --tmep=1 -p x | squall: unknown option '--tmep=1': did you mean --temp? squall chat --help",
                "chat --cpu-moe -p x | squall: no option '--cpu-moe': a device computes all layers and experts, and --device-memory and --expert-cache say",
                "chat -p x --n-cpu-moe=12 | squall: no option '--n-cpu-moe=12': a device computes all layers",
                "chat -p x --n-gpu-layers 99 | squall: no option '--n-gpu-layers': a device computes all layers",
                "chat -ngl 99 -p x | squall: no option '-ngl': a device computes all layers",
                "chat -p x -ncmoe 12 | squall: no option '-ncmoe': a device computes all layers",
                "chat -p x -cmoe | squall: no option '-cmoe': a device computes all layers",
                "chat -p x -n5 | squall: unknown option '-n5': did you mean -n 5? squall chat --help",
                "chat -fa -p x | squall: unknown option '-fa': squall chat --help lists what there is",
                "chat --mlock -p x | squall: unknown option '--mlock': squall chat --help lists what there is",
                "batch x -p y | squall: unknown option '-p': squall batch --help lists what there is",
                "chat -p x -p y | squall: option '--prompt' is given twice, expected once",
                "chat hello you | squall: unknown argument 'hello': give a prompt as -p 'hello'; squall chat --help lists what there is",
                "chta -p x | squall: unknown argument 'chta': did you mean chat? squall --help lists what there is",
                "sing | squall: unknown argument 'sing'",
                "help sing | squall: unknown subcommand 'sing': squall --help lists them",
                "help index sing | squall: unknown subcommand 'sing': squall index --help lists them",
                "chat -p x -n 99999999999 | squall: invalid value for option '--predict': '99999999999', expected -2147483648 to 2147483647",
                "index show d 99999999999999999999 | squall: invalid value for ID: '99999999999999999999', expected -9223372036854775808 to 9223372036854775807",
                "chat -p x -n=-5 | squall: --predict -5: expected 0 or more",
                "chat -p x --temp abc | '--temp': 'abc' is no number",
                "chat -p x --temp -1 | squall: temperature=-1.0, expected a number from 0 up",
                "chat -p x --temp NaN | squall: temperature=NaN",
                "chat -p x --top-k -1 | squall: top-k=-1",
                "chat -p x --top-p 0 | squall: top-p=0.0",
                "chat -p x --top-p 1.5 | squall: top-p=1.5",
                "chat -p x --min-p 2 | squall: min-p=2.0",
                "chat -p x --repeat-penalty 0 | squall: repeat-penalty=0.0",
                "chat -p x --repeat-last-n -2 | squall: repeat-last-n=-2",
                "chat -p x -n -2 | squall: --predict -2: expected 0 or more",
                "chat -p x -c -1 | squall: --ctx-size -1",
                "chat -p x -t 0 | squall: --threads 0: expected 1 to",
                "chat -p x -t 100000 | squall: --threads 100000: expected 1 to",
                "chat -p x --device tornado | squall: --device tornado: no TornadoVM found: run ./setup-tornado.sh, or set TORNADOVM_HOME to an SDK",
                "chat -p x --device gpu | '--device': 'gpu', expected auto, cpu, sim, tornado, or one of several devices as sim:1",
                "chat -p x --device sim:2 | squall: --device sim:2: expected 0 to 1: squall doctor lists the devices there are",
                "chat -p x --device tornado:1 | squall: --device tornado: no TornadoVM found",
                "chat -p x --device sim --device-memory much | squall: --device-memory 'much': expected a size such as 512M",
                "chat -p x --device cpu --device-memory 1G | squall: --device-memory 1G: the processor has no memory of its own",
                "chat -p x --expert-cache lots | squall: --expert-cache 'lots': expected a size such as 512M or 8G",
                "chat -p x --expert-cache 0% | squall: --expert-cache 0%: expected above 0 to 100 %",
                "chat -p x --expert-cache 1G --policy oldest | squall: invalid value for option '--policy': 'oldest', expected one of lru, lfu, fifo, random, deepspeed",
                "chat -p x --expert-cache 1G --policy oracle | squall: --policy oracle: it replays a recorded future",
                "chat -p x --expert-cache 1G --policy lru --index d | squall: --index d: the policy lru learns no expert maps",
                "chat -p x --prefetch-distance 0 | squall: --prefetch-distance '0': expected auto, or 1 to 9999 layers",
                "simulate | squall: missing required parameter: 'TRACE': squall simulate --help lists what there is",
                "index prune d | squall: missing required argument (specify one of these): (--keep=N",
                "index show d x | 'x' is no whole number",
                "index query d | squall: expected one of PROMPT, --map and --vector",
                "index recall d --queries 0 | squall: --queries 0",
                "simulate x --policy best | squall: invalid value for option '--policy' (NAME): 'best', expected one of lru",
                "simulate x --compute fast | squall: --compute 'fast': expected a time such as 500us or 2ms",
                "chat -p x --model= | '--model': '', expected a file name",
                "batch --output= x | '--output': '', expected a file name",
                "chat -p x --kernels fast | '--kernels': 'fast', expected vector or scalar",
                "chat -p x --pooling most | '--pooling': 'most', expected last or mean or each",
                "chat -p x --color blue | '--color': 'blue', expected auto or on or off",
                "chat -p x --logprobs 3 | squall: --logprobs is written as JSON: add --json",
                "chat -p x --json --logprobs -1 | squall: --logprobs -1: expected 0 to 1000",
                "chat -p x --json --logprobs 1001 | squall: --logprobs 1001: expected 0 to 1000",
                "chat -p x --raw -sys y | squall: --system is part of the chat template",
                "chat | squall: standard input is empty, expected a prompt; or give one with -p TEXT",
                "chat -f - | squall: - is empty, expected a prompt",
                "chat -p | squall: missing required parameter for option '--prompt'",
                "completion | squall: missing required parameter: 'bash|zsh'",
                "completion fish | squall: invalid value for bash|zsh: 'fish', expected bash or zsh",
            })
    void isToldOnOneLine(String arguments, String message) {
        List<String> words = arguments == null ? List.of() : List.of(arguments.split(" "));

        InProcess.Run run = new InProcess(home).run(words.toArray(String[]::new));

        assertThat(run.err())
                .contains(message)
                .startsWith("squall: ")
                .endsWith("\n")
                .hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void refusesAnEmptyPrompt() {
        assertThat(new InProcess(home).run("chat", "-p", "").err())
                .isEqualTo("squall: --prompt is empty, expected some text\n");
    }

    @Test
    void refusesAnArgumentThatTheLocaleCouldNotRead() {
        InProcess.Run run = new InProcess(home).run("chat", "-p", "caf\uFFFD");

        assertThat(run.err())
                .startsWith("squall: an argument is no text in this locale's encoding")
                .endsWith("set LC_ALL=C.UTF-8 and write UTF-8\n");
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @Test
    void namesTheEnvironmentVariableThatIsWrong() {
        InProcess.Run run =
                new InProcess(home).environment("SQUALL_TOP_K", "many").run("chat", "-p", "x");

        assertThat(run.err())
                .isEqualTo("squall: invalid value for option '--top-k': 'many' is no whole number "
                        + "(from the environment variable SQUALL_TOP_K)\n");
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @Test
    void namesTheEnvironmentVariableOfASwitch() {
        InProcess.Run run =
                new InProcess(home).environment("SQUALL_JSON", "maybe").run("models");

        assertThat(run.err())
                .isEqualTo("squall: invalid value for option '--json': 'maybe', expected 1 or 0 "
                        + "(from the environment variable SQUALL_JSON)\n");
    }

    @Test
    void needsAPromptForOneAnswerAtATerminal() {
        assertThat(new InProcess(home).terminal().run("chat", "--json").err())
                .isEqualTo("squall: --json needs a prompt: -p TEXT, -f FILE or piped input\n");
        assertThat(new InProcess(home).terminal().run("chat", "--raw").err())
                .isEqualTo("squall: --raw needs a prompt: -p TEXT, -f FILE or piped input\n");
    }

    @Test
    void showsTheStackTraceOnlyWhenAsked() {
        assertThat(new InProcess(home).run("chat", "-p", "x", "-m", "none.gguf").err())
                .hasLineCount(1);
        assertThat(new InProcess(home)
                        .run("chat", "-p", "x", "-m", "none.gguf", "--debug")
                        .err())
                .startsWith("squall: file not found: none.gguf: ")
                .contains("\tat dev.squall.");
        assertThat(new InProcess(home)
                        .environment("SQUALL_DEBUG", "1")
                        .run("chat", "-p", "x", "-m", "none.gguf")
                        .err())
                .contains("\tat dev.squall.");
    }

    @Test
    void failsWithOneAtAFileThatIsNoModel() throws Exception {
        Path file = Files.writeString(home.resolve("text.gguf"), "no model, but long enough to be looked into");

        InProcess.Run run = new InProcess(home).run("chat", "-p", "x", "-m", file.toString());

        assertThat(run.err())
                .startsWith("squall: header: ")
                .contains(" in " + file + ": this is no GGUF file; download the model as one")
                .hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void failsWithOneAtAPromptFileThatIsMissingOrNoText() throws Exception {
        Path binary = Files.write(home.resolve("binary"), new byte[] {(byte) 0xC3, 0x28});

        assertThat(new InProcess(home).run("chat", "-f", home.resolve("none").toString()))
                .isEqualTo(new InProcess.Run(
                        1, "", "squall: file not found: " + home.resolve("none") + ": check the path\n"));
        assertThat(new InProcess(home).run("chat", "-f", home.toString()))
                .isEqualTo(new InProcess.Run(1, "", "squall: " + home + ": a folder, expected a text file\n"));
        assertThat(new InProcess(home).run("chat", "-f", binary.toString()).err())
                .startsWith("squall: " + binary + ": not UTF-8 text");
    }
}
