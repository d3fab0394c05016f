package fieldcase.tablet;

import java.util.Random;

/** A text that a regular expression describes: classes, groups, alternatives and quantifiers, which is what forms use. */
final class Patterns {
    private static final int MORE = 4;
    private final String pattern;
    private final Random random;
    private int at;

    private Patterns(String pattern, Random random) {
        this.pattern = pattern;
        this.random = random;
    }

    static String matching(String pattern, Random random) {
        try {
            return new Patterns(pattern, random).alternatives();
        } catch (StringIndexOutOfBoundsException | NumberFormatException notUnderstood) {
            return pattern;
        }
    }

    private boolean more() {
        return at < pattern.length();
    }

    private String alternatives() {
        String chosen = sequence();
        for (int seen = 2; more() && pattern.charAt(at) == '|'; seen++) {
            at++;
            String other = sequence();
            if (random.nextInt(seen) == 0) {
                chosen = other;
            }
        }
        return chosen;
    }

    private String sequence() {
        StringBuilder text = new StringBuilder();
        while (more() && pattern.charAt(at) != '|' && pattern.charAt(at) != ')') {
            int start = at;
            String once = atom();
            int end = at;
            int times = quantity();
            int after = at;
            for (int time = 0; time < times; time++) {
                at = start;
                text.append(time == 0 ? once : atom());
            }
            at = Math.max(end, after);
        }
        return text.toString();
    }

    private String atom() {
        char sign = pattern.charAt(at++);
        switch (sign) {
            case '^', '$':
                return "";
            case '.':
                return any("abcdefghijklmnopqrstuvwxyz0123456789");
            case '[':
                return any(members());
            case '\\':
                return any(escaped(pattern.charAt(at++)));
            case '(':
                if (pattern.startsWith("?:", at)) {
                    at += 2;
                }
                String inside = alternatives();
                at++;
                return inside;
            default:
                return String.valueOf(sign);
        }
    }

    private String any(String members) {
        return members.isEmpty() ? "" : String.valueOf(members.charAt(random.nextInt(members.length())));
    }

    private static String escaped(char sign) {
        return switch (sign) {
            case 'd' -> "0123456789";
            case 'w' -> "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
            case 's' -> " ";
            default -> String.valueOf(sign);
        };
    }

    private String members() {
        boolean except = pattern.charAt(at) == '^';
        at += except ? 1 : 0;
        StringBuilder members = new StringBuilder();
        for (boolean first = true; first || pattern.charAt(at) != ']'; first = false) {
            char sign = pattern.charAt(at++);
            if (sign == '\\') {
                members.append(escaped(pattern.charAt(at++)));
            } else if (pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']') {
                for (char member = sign; member <= pattern.charAt(at + 1); member++) {
                    members.append(member);
                }
                at += 2;
            } else {
                members.append(sign);
            }
        }
        at++;
        if (!except) {
            return members.toString();
        }
        StringBuilder others = new StringBuilder();
        for (char member = ' '; member < '~'; member++) {
            if (members.indexOf(String.valueOf(member)) < 0) {
                others.append(member);
            }
        }
        return others.toString();
    }

    private int quantity() {
        if (!more()) {
            return 1;
        }
        switch (pattern.charAt(at)) {
            case '?':
                at++;
                return random.nextInt(2);
            case '*':
                at++;
                return random.nextInt(MORE);
            case '+':
                at++;
                return 1 + random.nextInt(MORE);
            case '{':
                int end = pattern.indexOf('}', at);
                String[] bounds = pattern.substring(at + 1, end).split(",", -1);
                at = end + 1;
                int least = Integer.parseInt(bounds[0].trim());
                int most = bounds.length == 1 ? least : bounds[1].isBlank() ? least + MORE : Integer.parseInt(bounds[1].trim());
                return least + random.nextInt(most - least + 1);
            default:
                return 1;
        }
    }
}
