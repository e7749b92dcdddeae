package dev.squall.cli.option;

import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Failures;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Picocli's complaint about arguments as one line in our style, with what to do about it. */
public final class UsageMessage {
    /** What users of llama.cpp know for dividing a model among processor and device (ADR 17). */
    private static final Set<String> PLACEMENT =
            Set.of("-cmoe", "--cpu-moe", "-ncmoe", "--n-cpu-moe", "-ngl", "--n-gpu-layers", "--gpu-layers");

    private UsageMessage() {}

    public static String of(ParameterException wrong, Environment environment) {
        String command = wrong.getCommandLine().getCommandSpec().qualifiedName();
        if (wrong instanceof UnmatchedArgumentException unmatched) {
            return ofUnmatched(unmatched) + command + " --help lists what there is";
        }
        if (wrong instanceof OverwrittenOptionException twice) {
            return "option '" + ((OptionSpec) twice.getOverwritten()).longestName() + "' is given twice, expected once";
        }
        String message = Failures.uncapitalised(
                        Failures.oneLine(String.valueOf(wrong.getMessage()).replaceFirst("^Error: ", "")))
                .replaceFirst(" is not an? (float|double)$", " is no number")
                .replaceFirst("positional parameter at index \\d+ \\(([^)]*)\\)", "$1");
        if (message.startsWith("unknown subcommand ")) {
            return message.replaceFirst("\\.$", ": " + command + " --help lists them");
        }
        if (wrong instanceof MissingParameterException) {
            return message + ": " + command + " --help lists what there is";
        }
        if (wrong.getArgSpec() instanceof OptionSpec option) {
            String variable = EnvironmentDefaults.variable(option);
            String value = environment.get(variable);
            if (value != null && value.equals(wrong.getValue())) {
                message += " (from the environment variable " + variable + ")";
            }
        }
        return message;
    }

    /** What nothing takes, and what takes its place; ends where "squall chat --help lists ..." goes on. */
    private static String ofUnmatched(UnmatchedArgumentException unmatched) {
        String given = unmatched.getUnmatched().getFirst();
        if (PLACEMENT.contains(given.replaceFirst("=.*", ""))) {
            return "no option '" + given + "': a device computes all layers and experts, and --device-memory and"
                    + " --expert-cache say how many experts it holds at a time: ";
        }
        CommandSpec command = unmatched.getCommandLine().getCommandSpec();
        if (given.matches("-[a-z]\\d.*") && command.findOption(given.charAt(1)) != null) {
            return "unknown option '" + given + "': did you mean " + given.substring(0, 2) + " " + given.substring(2)
                    + "? ";
        }
        if (unmatched.isUnknownOption()) {
            String name = given.replaceFirst("=.*", "");
            String meant = didYouMean(name, unmatched.getSuggestions());
            return "unknown option '" + given + "': "
                    + (meant.isEmpty() && name.startsWith("--")
                            ? didYouMean(
                                    name,
                                    Spelling.likeliest(
                                                    name, command.optionsMap().keySet())
                                            .stream()
                                            .toList())
                            : meant);
        }
        if (command.name().equals("chat")) {
            return "unknown argument '" + given + "': give a prompt as -p '" + given + "'; ";
        }
        return "unknown argument '" + given + "': " + didYouMean(given, unmatched.getSuggestions());
    }

    /** Picocli suggests what is of some likeness; what does not even begin alike is none to a person. */
    private static String didYouMean(String given, List<String> suggestions) {
        int same = given.startsWith("--") ? 3 : 1;
        List<String> alike = suggestions.stream()
                .filter(known -> given.startsWith("--") == known.startsWith("--"))
                .filter(known -> known.length() >= same && given.startsWith(known.substring(0, same)))
                .toList();
        return alike.isEmpty() ? "" : "did you mean " + String.join(" or ", alike) + "? ";
    }
}
