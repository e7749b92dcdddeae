package dev.squall.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the real script against a file server with a made-up SDK; a launcher beside it plays the doctor. */
@Timeout(60)
@EnabledOnOs(
        value = OS.LINUX,
        architectures = "amd64",
        disabledReason = "setup-tornado.sh was not tried: the made-up drivers are those of Linux on x86-64")
class SetupTornadoTest {
    private static final Path SCRIPT = Path.of("..", "setup-tornado.sh");
    private static final String TEMPLATE = "-Djava.library.path=${TORNADOVM_HOME}/lib\n";

    @TempDir
    private Path folder;

    private Path home;
    private Path installed;
    private HttpServer server;
    private final Map<String, String> environment = new TreeMap<>();

    private record Run(int exitCode, String out, String err) {}

    @BeforeEach
    void install() throws IOException {
        home = Files.createDirectories(folder.resolve("squall"));
        installed = home.resolve(".tornadovm");
        Files.copy(SCRIPT, home.resolve("setup-tornado.sh"));
        doctor("fine     device       made-up device answers as the processor does", 0);
        Path drivers = Files.createDirectories(folder.resolve("vendors"));
        Files.writeString(drivers.resolve("made-up.icd"), "libnone.so\n");
        environment.put("OCL_ICD_VENDORS", drivers.toString());
        environment.put("HOME", folder.toString());
        environment.put("PATH", System.getenv("PATH"));
        environment.put("no_proxy", "*");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /** Puts a launcher there that knows the JDK and says that of the device. */
    private void doctor(String line, int exitCode) throws IOException {
        Path launcher = Files.writeString(
                home.resolve("squall"), """
                #!/bin/sh
                case $1 in
                    --show-java-home) echo '%s' ;;
                    doctor) echo '%s'; exit %d ;;
                esac
                """.formatted(System.getProperty("java.home"), line, exitCode));
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }

    private static byte[] archive(String release) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, String> file : Map.of(
                            "sdk/tornado-argfile",
                            "-Djava.library.path=/builder/lib\n",
                            "sdk/tornado-argfile.template",
                            TEMPLATE,
                            "sdk/etc/tornado.release",
                            "version=" + release + "\n",
                            "sdk/lib/libmade-up.so",
                            "x".repeat(100_000))
                    .entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    private String serve(String name, byte[] content) {
        server.createContext("/" + name, exchange -> {
            exchange.sendResponseHeaders(200, content.length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(content);
            }
        });
        return url(name);
    }

    private String url(String name) {
        return "http://" + server.getAddress().getHostString() + ":"
                + server.getAddress().getPort() + "/" + name;
    }

    private Process start(String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(Stream.of(home.resolve("setup-tornado.sh").toString()), Stream.of(arguments))
                        .toList());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.redirectOutput(folder.resolve("out").toFile());
        builder.redirectError(folder.resolve("err").toFile());
        return builder.start();
    }

    private Run run(String... arguments) throws Exception {
        int exitCode = start(arguments).waitFor();
        return new Run(exitCode, Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
    }

    /** Everything in the folder of the script. */
    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(home)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private void failed(Run run, String message) throws IOException {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.err().lines().filter(line -> line.startsWith("setup-tornado: ")))
                .singleElement()
                .asString()
                .contains(message);
        assertThat(files()).as("as it was").containsExactly("setup-tornado.sh", "squall");
    }

    @Test
    void installsAnArchiveFromAServer() throws Exception {
        Run run = run("--from", serve("sdk.zip", archive("5.2.0-jdk25")));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("made-up device answers as the processor does", "is in " + installed);
        assertThat(installed.resolve("tornado-argfile")).hasContent("-Djava.library.path=" + installed + "/lib");
        assertThat(installed.resolve("lib/libmade-up.so")).hasSize(100_000);
        assertThat(files()).containsExactly(".tornadovm", "setup-tornado.sh", "squall");
    }

    @Test
    void doesNothingTheSecondTime() throws Exception {
        String from = serve("sdk.zip", archive("5.2.0-jdk25"));
        assertThat(run("--from", from).exitCode()).isZero();
        server.removeContext("/sdk.zip");
        Run again = run("--from", from);
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(again.out()).contains("already");
    }

    @Test
    void uninstallsAndSaysWhatItWouldDo() throws Exception {
        Path file = Files.write(folder.resolve("sdk.zip"), archive("5.2.0-jdk25"));
        assertThat(run("--dry-run", "--from", file.toString()).out()).contains("would install", "(opencl)");
        assertThat(files()).containsExactly("setup-tornado.sh", "squall");
        assertThat(run("--from", file.toString()).exitCode()).isZero();
        assertThat(run("--uninstall", "--dry-run").out()).contains("would remove");
        assertThat(installed).exists();
        assertThat(run("--uninstall").out()).contains("is removed");
        assertThat(installed).doesNotExist();
        assertThat(run("--uninstall").out()).contains("nothing is removed");
    }

    @Test
    void namesTheReleaseOfTheMachine() throws Exception {
        assertThat(run("--dry-run").out())
                .contains("releases/download/v5.2.0-jdk25/tornadovm-5.2.0-jdk25-opencl-linux-amd64.zip");
    }

    @Test
    void takesWhatSdkmanHas() throws Exception {
        Path sdk = Files.createDirectories(folder.resolve(".sdkman/candidates/tornadovm/5.2.0-jdk25-opencl/etc"));
        Files.writeString(sdk.resolve("tornado.release"), "version=5.2.0-jdk25\n");
        Files.writeString(sdk.resolveSibling("tornado-argfile.template"), TEMPLATE);
        Run run = run();
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(installed.resolve("tornado-argfile")).exists();
    }

    @Test
    void checksTheSum() throws Exception {
        byte[] archive = archive("5.2.0-jdk25");
        String from = serve("sdk.zip", archive);
        failed(run("--from", from, "--sha256", "00ff"), "has the SHA-256 sum " + sha256(archive) + ", expected 00ff");
        assertThat(run("--from", from, "--sha256", sha256(archive).toUpperCase(Locale.ROOT))
                        .exitCode())
                .isZero();
    }

    @Test
    void takesNoEmptySumOrSourceForNone() throws Exception {
        String from = serve("sdk.zip", archive("5.2.0-jdk25"));

        Run noSum = run("--from", from, "--sha256", "");
        Run noSource = run("--from", "");

        assertThat(noSum.err()).isEqualTo("setup-tornado: --sha256 needs a value: see --help\n");
        assertThat(noSum.exitCode()).isEqualTo(2);
        assertThat(noSource.err()).isEqualTo("setup-tornado: --from needs a value: see --help\n");
        assertThat(files()).containsExactly("setup-tornado.sh", "squall");
    }

    private static String sha256(byte[] bytes) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    void reportsAFileThatIsNotThere() throws Exception {
        failed(run("--from", url("none.zip")), "none.zip could not be fetched whole");
        failed(run("--from", "/no/such/file.zip"), "/no/such/file.zip cannot be read");
        failed(run("--dry-run", "--from", "/no/such/file.zip"), "/no/such/file.zip cannot be read");
    }

    @Test
    void reportsAServerThatIsNotThere() throws Exception {
        String from = url("sdk.zip");
        server.stop(0);
        failed(run("--from", from), "could not be fetched whole");
    }

    @Test
    void reportsADownloadThatWasCut() throws Exception {
        byte[] archive = archive("5.2.0-jdk25");
        server.createContext("/cut.zip", exchange -> {
            exchange.sendResponseHeaders(200, archive.length);
            exchange.getResponseBody().write(archive, 0, archive.length / 2);
            exchange.getResponseBody().flush();
            exchange.close();
        });
        failed(run("--from", url("cut.zip")), "could not be fetched whole");
    }

    @Test
    void reportsWhatIsNoArchiveOrNoSdkOrForAnotherJdk() throws Exception {
        failed(
                run("--from", serve("text.zip", "<html>".getBytes(UTF_8))),
                "not in gzip format): it is no .zip or .tar.gz, damaged, or the disk is full");
        byte[] archive = archive("5.2.0-jdk25");
        failed(run("--from", serve("half.zip", java.util.Arrays.copyOf(archive, archive.length / 2))), "half.zip");
        ByteArrayOutputStream other = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(other)) {
            zip.putNextEntry(new ZipEntry("readme"));
        }
        failed(run("--from", serve("other.zip", other.toByteArray())), "is no SDK of TornadoVM");
        failed(
                run("--from", serve("old.zip", archive("4.0.0-jdk21"))),
                "is TornadoVM 4.0.0-jdk21, expected one for JDK 25");
    }

    @Test
    void reportsThatNoDriverIsThere() throws Exception {
        environment.put("OCL_ICD_VENDORS", folder.resolve("none").toString());
        failed(run("--backend", "opencl"), "no OpenCL driver");
        failed(run("--backend", "metal"), "for Macs only");
        assertThat(run("--backend", "vulkan").exitCode()).isEqualTo(2);
    }

    @Test
    void reportsThatNoJdkIsThere() throws Exception {
        Files.writeString(home.resolve("squall"), "#!/bin/sh\nexit 2\n");
        failed(run(), "no JDK 25 found");
    }

    @Test
    void putsBackWhatWasThereIfTheDeviceDoesNotCompute() throws Exception {
        assertThat(run("--from", serve("first.zip", archive("5.2.0-jdk25"))).exitCode())
                .isZero();
        doctor("missing  device       no device of OpenCL", 1);
        Run run = run("--from", serve("second.zip", archive("5.2.1-jdk25")));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("no device of OpenCL", "nothing is changed");
        assertThat(installed.resolve("etc/tornado.release")).hasContent("version=5.2.0-jdk25");
        assertThat(files()).containsExactly(".tornadovm", "setup-tornado.sh", "squall");
        assertThat(run("--skip-check", "--from", url("second.zip")).exitCode()).isZero();
        assertThat(installed.resolve("etc/tornado.release")).hasContent("version=5.2.1-jdk25");
    }

    @Test
    void leavesNothingWhenItIsStopped() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        server.createContext("/slow.zip", exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            asked.countDown();
            await(stopped);
            exchange.close();
        });
        Process process = start("--from", url("slow.zip"));
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(143);
        stopped.countDown();
        assertThat(Files.readString(folder.resolve("err"))).contains("nothing is changed");
        assertThat(files()).containsExactly("setup-tornado.sh", "squall");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
