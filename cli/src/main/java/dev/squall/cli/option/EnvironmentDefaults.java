package dev.squall.cli.option;

import dev.squall.cli.process.Environment;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** Gives each option the value of its environment variable: {@code --top-k} is SQUALL_TOP_K. The command line wins. */
public final class EnvironmentDefaults implements IDefaultValueProvider {
    private final Environment environment;

    public EnvironmentDefaults(Environment environment) {
        this.environment = environment;
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.usageHelp() || option.versionHelp()) {
            return null;
        }
        return environment.get(variable(option));
    }

    /** The environment variable of an option. */
    static String variable(OptionSpec option) {
        return "SQUALL_"
                + option.longestName().replaceFirst("^-+", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** Reads a switch as people write it in a variable; on the command line its name is enough. */
    public static boolean flag(String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "1", "true", "on", "yes" -> true;
            case "0", "false", "off", "no" -> false;
            default -> throw new TypeConversionException("'" + value + "', expected 1 or 0");
        };
    }
}
