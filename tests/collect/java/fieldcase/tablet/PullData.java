package fieldcase.tablet;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.model.instance.SecondaryInstanceCSVParserBuilder;
import org.javarosa.xpath.expr.XPathFuncExpr;

/** pulldata(file, column, key column, key): the first match in a CSV beside the form, empty when there is none. */
final class PullData implements IFunctionHandler {
    private final File media;

    PullData(File media) {
        this.media = media;
    }

    @Override
    public String getName() {
        return "pulldata";
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<Class[]> getPrototypes() {
        return List.of();
    }

    @Override
    public boolean rawArgs() {
        return true;
    }

    @Override
    public boolean realTime() {
        return false;
    }

    @Override
    public Object eval(Object[] arguments, EvaluationContext context) {
        String[] told = new String[4];
        for (int argument = 0; argument < told.length; argument++) {
            told[argument] = XPathFuncExpr.toString(arguments[argument]);
        }
        File file = new File(media, told[0].endsWith(".csv") ? told[0] : told[0] + ".csv");
        if (!file.isFile()) {
            return "";
        }
        try (CSVParser rows = new SecondaryInstanceCSVParserBuilder().path(file.getPath()).build()) {
            for (CSVRecord row : rows) {
                if (row.isMapped(told[2]) && row.isMapped(told[1]) && row.get(told[2]).equals(told[3])) {
                    return row.get(told[1]);
                }
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
        return "";
    }
}
