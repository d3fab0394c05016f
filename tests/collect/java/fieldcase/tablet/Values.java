package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.DateData;
import org.javarosa.core.model.data.DateTimeData;
import org.javarosa.core.model.data.DecimalData;
import org.javarosa.core.model.data.GeoPointData;
import org.javarosa.core.model.data.GeoShapeData;
import org.javarosa.core.model.data.GeoTraceData;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.IntegerData;
import org.javarosa.core.model.data.LongData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.TimeData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.form.api.FormEntryPrompt;

/** Written values as the widgets of the tablet hand them to the engine. */
final class Values {
    private static final int DIGITS = 999_999_999;
    private final Attachments attachments;

    Values(Attachments attachments) {
        this.attachments = attachments;
    }

    IAnswerData from(JsonNode value, FormEntryPrompt prompt, String path) {
        boolean unticked = prompt.getControlType() == Constants.CONTROL_TRIGGER && value.isBoolean() && !value.asBoolean();
        if (value.isNull() || unticked || (value.isTextual() && value.asText().isEmpty()) || (value.isArray() && value.isEmpty())) {
            return null;
        }
        try {
            return switch (prompt.getControlType()) {
                case Constants.CONTROL_SELECT_ONE -> new SelectOneData(offered(value.asText(), prompt));
                case Constants.CONTROL_SELECT_MULTI -> new SelectMultiData(several(value, prompt));
                case Constants.CONTROL_RANK -> ranked(value, prompt);
                case Constants.CONTROL_TRIGGER -> new StringData("OK");
                case Constants.CONTROL_UPLOAD, Constants.CONTROL_IMAGE_CHOOSE, Constants.CONTROL_AUDIO_CAPTURE,
                    Constants.CONTROL_VIDEO_CAPTURE, Constants.CONTROL_OSM_CAPTURE, Constants.CONTROL_FILE_CAPTURE ->
                    new StringData(attachments.keep(value, prompt.getControlType()));
                default -> typed(value, prompt.getDataType());
            };
        } catch (IllegalArgumentException | DateTimeParseException wrong) {
            throw new Refused("value", path, wrong.getMessage());
        }
    }

    private static IAnswerData typed(JsonNode value, int type) {
        String text = value.asText();
        return switch (type) {
            case Constants.DATATYPE_INTEGER -> new IntegerData(whole(text));
            case Constants.DATATYPE_LONG -> new LongData(Long.parseLong(text));
            case Constants.DATATYPE_DECIMAL -> new DecimalData(Double.parseDouble(text));
            case Constants.DATATYPE_DATE -> new DateData(date(LocalDate.parse(text).atStartOfDay()));
            case Constants.DATATYPE_TIME -> new TimeData(date(LocalTime.parse(text).atDate(LocalDate.now())));
            case Constants.DATATYPE_DATE_TIME -> new DateTimeData(moment(text));
            case Constants.DATATYPE_GEOPOINT -> new GeoPointData(point(value));
            case Constants.DATATYPE_GEOTRACE -> new GeoTraceData(new GeoTraceData.GeoTrace(points(value)));
            case Constants.DATATYPE_GEOSHAPE -> new GeoShapeData(new GeoShapeData.GeoShape(points(value)));
            default -> new StringData(text);
        };
    }

    private static int whole(String text) {
        int number = Integer.parseInt(text);
        if (Math.abs((long) number) > DIGITS) {
            throw new IllegalArgumentException("the tablet takes whole numbers of at most nine digits");
        }
        return number;
    }

    static Date date(LocalDateTime local) {
        return Date.from(local.atZone(ZoneId.systemDefault()).toInstant());
    }

    private static Date moment(String text) {
        try {
            return Date.from(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeParseException noOffset) {
            return date(LocalDateTime.parse(text));
        }
    }

    private static double[] point(JsonNode value) {
        double[] point = new double[4];
        String[] written = value.isArray() ? new String[value.size()] : value.asText().trim().split("\\s+");
        if (value.isArray()) {
            for (int part = 0; part < value.size(); part++) {
                written[part] = value.get(part).asText();
            }
        }
        if (written.length < 2 || written.length > 4) {
            throw new IllegalArgumentException("a point is latitude longitude [altitude [accuracy]]");
        }
        for (int part = 0; part < written.length; part++) {
            point[part] = Double.parseDouble(written[part]);
        }
        return point;
    }

    private static ArrayList<double[]> points(JsonNode value) {
        ArrayList<double[]> points = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(point -> points.add(point(point)));
        } else {
            for (String written : value.asText().split(";")) {
                if (!written.isBlank()) {
                    points.add(point(Main.JSON.getNodeFactory().textNode(written)));
                }
            }
        }
        return points;
    }

    private static Selection offered(String name, FormEntryPrompt prompt) {
        for (SelectChoice choice : prompt.getSelectChoices()) {
            if (choice.getValue().equals(name)) {
                return choice.selection();
            }
        }
        throw new IllegalArgumentException("the tablet does not offer the choice " + name + " here, it offers "
            + prompt.getSelectChoices().stream().map(SelectChoice::getValue).limit(20).toList());
    }

    private static List<Selection> several(JsonNode value, FormEntryPrompt prompt) {
        List<Selection> chosen = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(name -> chosen.add(offered(name.asText(), prompt)));
        } else {
            for (String name : value.asText().trim().split("\\s+")) {
                chosen.add(offered(name, prompt));
            }
        }
        return chosen;
    }

    private static IAnswerData ranked(JsonNode value, FormEntryPrompt prompt) {
        List<Selection> order = several(value, prompt);
        if (order.size() != prompt.getSelectChoices().size() || order.stream().distinct().count() != order.size()) {
            throw new IllegalArgumentException("a ranking names every offered choice once");
        }
        return new MultipleItemsData(order);
    }
}
