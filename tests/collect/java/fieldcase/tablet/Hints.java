package fieldcase.tablet;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.xpath.XPathConditional;

/** Numbers, days and texts that stand in a constraint, or in the answers that it compares with. */
final class Hints {
    private static final Pattern LITERAL = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(?<![\\w.-])(-?\\d+(?:\\.\\d+)?)(?![\\w.-])");
    final List<Double> numbers = new ArrayList<>();
    final List<LocalDate> days = new ArrayList<>();
    final List<String> texts = new ArrayList<>();

    Hints(TreeElement node, FormDef form) {
        if (node.getConstraint() == null || !(node.getConstraint().constraint instanceof XPathConditional condition)) {
            return;
        }
        if (condition.xpath != null) {
            Matcher literal = LITERAL.matcher(condition.xpath);
            while (literal.find()) {
                add(literal.group(3) != null ? literal.group(3) : literal.group(1) != null ? literal.group(1) : literal.group(2));
            }
        }
        TreeReference here = node.getRef();
        for (TreeReference mentioned : condition.getTriggers(here)) {
            for (TreeReference other : form.getEvaluationContext().expandReference(mentioned.contextualize(here))) {
                TreeElement compared = form.getMainInstance().resolveReference(other);
                if (compared != null && compared != node && compared.getValue() != null) {
                    add(compared.getValue());
                }
            }
        }
    }

    private void add(IAnswerData answer) {
        if (answer.getValue() instanceof Date day) {
            days.add(Chance.localDay(day));
        } else {
            add(answer.uncast().getString());
        }
    }

    private void add(String text) {
        texts.add(text);
        try {
            numbers.add(Double.parseDouble(text));
        } catch (NumberFormatException notNumber) {
            try {
                days.add(LocalDate.parse(text));
            } catch (DateTimeParseException notDay) {
                return;
            }
        }
    }

    boolean isEmpty() {
        return texts.isEmpty() && numbers.isEmpty() && days.isEmpty();
    }
}
