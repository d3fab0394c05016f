package fieldcase.tablet;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.xpath.XPathConditional;
import org.javarosa.xpath.expr.XPathBinaryOpExpr;
import org.javarosa.xpath.expr.XPathExpression;
import org.javarosa.xpath.expr.XPathFuncExpr;
import org.javarosa.xpath.expr.XPathNumericLiteral;
import org.javarosa.xpath.expr.XPathStringLiteral;
import org.javarosa.xpath.expr.XPathUnaryOpExpr;

/** Numbers, days and texts that stand in a constraint, or in the answers that it compares with. */
final class Hints {
    final List<Double> numbers = new ArrayList<>();
    final List<LocalDate> days = new ArrayList<>();
    final List<String> texts = new ArrayList<>();
    final List<String> patterns = new ArrayList<>();

    Hints(TreeElement node, FormDef form) {
        if (node.getConstraint() == null || !(node.getConstraint().constraint instanceof XPathConditional condition)) {
            return;
        }
        collect(condition.getExpr());
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

    private void collect(XPathExpression part) {
        if (part instanceof XPathStringLiteral text) {
            add(text.s);
        } else if (part instanceof XPathNumericLiteral number) {
            numbers.add(number.d);
        } else if (part instanceof XPathBinaryOpExpr both) {
            collect(both.a);
            collect(both.b);
        } else if (part instanceof XPathUnaryOpExpr one) {
            collect(one.a);
        } else if (part instanceof XPathFuncExpr function) {
            if (function.id.name.equals("regex") && function.args[1] instanceof XPathStringLiteral pattern) {
                patterns.add(pattern.s);
            }
            for (XPathExpression argument : function.args) {
                collect(argument);
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
