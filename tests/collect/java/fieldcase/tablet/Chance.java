package fieldcase.tablet;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Random;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.RangeQuestion;
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
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.form.api.FormEntryPrompt;

/** Answers drawn from a seed: any value the widget could give that satisfies the constraint. */
final class Chance {
    private static final int TRIES = 120;
    private static final int PATTERN_TRIES = 2_000;  // A check character lets one text of some dozens through.
    private static final List<String> WORDS = Arrays.asList("river", "market", "Amina", "señora", "día", "año", "اسم", "город", "名前",
        "naïve", "O'Brien", "\"quoted\"", "<tag>", "a & b", "1,5", "tab\there", "two\nlines", "🙂", "-", "=1+1", "N/A", "long".repeat(20));
    private final Random random;
    private final Attachments attachments;

    Chance(long seed, Attachments attachments) {
        this.random = new Random(seed);
        this.attachments = attachments;
    }

    boolean happens(double probability) {
        return random.nextDouble() < probability;
    }

    int upTo(int most) {
        return random.nextInt(most + 1);
    }

    /** A valid answer, or null when none was found; whole numbers prefer 0 to `most` when that is not negative. */
    IAnswerData answer(FormEntryPrompt prompt, TreeElement node, FormDef form, int most) {
        switch (prompt.getControlType()) {
            case Constants.CONTROL_UPLOAD, Constants.CONTROL_IMAGE_CHOOSE, Constants.CONTROL_AUDIO_CAPTURE,
                Constants.CONTROL_VIDEO_CAPTURE, Constants.CONTROL_OSM_CAPTURE, Constants.CONTROL_FILE_CAPTURE:
                return new StringData(attachments.keepRandom(prompt.getControlType()));
            default:
        }
        Hints hints = new Hints(node, form);
        int tries = hints.patterns.isEmpty() ? TRIES : PATTERN_TRIES;
        for (int attempt = 0; attempt < tries; attempt++) {
            IAnswerData candidate = prompt.getDataType() == Constants.DATATYPE_INTEGER && most >= 0 && attempt < TRIES / 2
                ? new IntegerData(random.nextInt(most + 1)) : draw(prompt, hints, attempt);
            if (candidate != null && form.evaluateConstraint(prompt.getIndex().getReference(), candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private IAnswerData draw(FormEntryPrompt prompt, Hints hints, int attempt) {
        List<Selection> choices = new ArrayList<>();
        switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE, Constants.CONTROL_SELECT_MULTI, Constants.CONTROL_RANK:
                for (SelectChoice choice : prompt.getSelectChoices()) {
                    choices.add(choice.selection());
                }
                if (choices.isEmpty()) {
                    return null;
                }
                Collections.shuffle(choices, random);
                break;
            default:
        }
        return switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE -> new SelectOneData(choices.get(0));
            case Constants.CONTROL_RANK -> new MultipleItemsData(choices);
            case Constants.CONTROL_SELECT_MULTI -> new SelectMultiData(
                new ArrayList<>(choices.subList(0, 1 + random.nextInt(Math.min(choices.size(), 1 + attempt / 4)))));
            case Constants.CONTROL_TRIGGER -> new StringData("OK");
            case Constants.CONTROL_RANGE -> range((RangeQuestion) prompt.getQuestion(), prompt.getDataType());
            default -> typed(prompt.getDataType(), hints, attempt);
        };
    }

    private IAnswerData typed(int type, Hints hints, int attempt) {
        return switch (type) {
            case Constants.DATATYPE_INTEGER -> new IntegerData((int) number(hints));
            case Constants.DATATYPE_LONG -> new LongData(number(hints));
            case Constants.DATATYPE_DECIMAL -> new DecimalData(
                BigDecimal.valueOf(number(hints) + random.nextDouble()).setScale(random.nextInt(4), RoundingMode.HALF_UP).doubleValue());
            case Constants.DATATYPE_DATE -> new DateData(Values.date(day(hints).atStartOfDay()));
            case Constants.DATATYPE_DATE_TIME -> new DateTimeData(Values.date(time(day(hints))));
            case Constants.DATATYPE_TIME -> new TimeData(Values.date(time(LocalDate.now())));
            case Constants.DATATYPE_GEOPOINT -> new GeoPointData(point());
            case Constants.DATATYPE_GEOTRACE -> new GeoTraceData(new GeoTraceData.GeoTrace(points(2 + random.nextInt(4), false)));
            case Constants.DATATYPE_GEOSHAPE -> new GeoShapeData(new GeoShapeData.GeoShape(points(3 + random.nextInt(4), true)));
            case Constants.DATATYPE_BARCODE -> new StringData(text(hints, attempt, Long.toString(1_000_000_000_000L + random.nextInt())));
            default -> new StringData(text(hints, attempt, words()));
        };
    }

    private IAnswerData range(RangeQuestion question, int type) {
        BigDecimal step = question.getRangeStep().abs();
        BigDecimal low = question.getRangeStart().min(question.getRangeEnd());
        BigDecimal high = question.getRangeStart().max(question.getRangeEnd());
        int steps = high.subtract(low).divide(step, RoundingMode.DOWN).intValue();
        BigDecimal value = low.add(step.multiply(BigDecimal.valueOf(random.nextInt(steps + 1))));
        return type == Constants.DATATYPE_INTEGER ? new IntegerData(value.intValue()) : new DecimalData(value.doubleValue());
    }

    private long number(Hints hints) {
        int hinted = hints.numbers.isEmpty() ? 0 : random.nextInt(4);
        if (hinted == 0) {
            return random.nextInt(10) == 0 ? random.nextInt(2_000_000) - 1_000_000 : random.nextInt(100);
        }
        double near = hints.numbers.get(random.nextInt(hints.numbers.size()));
        if (hinted == 1 && hints.numbers.size() > 1) {
            double other = hints.numbers.get(random.nextInt(hints.numbers.size()));
            return Math.round(Math.min(near, other) + random.nextDouble() * Math.abs(other - near));
        }
        return Math.round(near) + random.nextInt(hinted == 2 ? 3 : 21) - (hinted == 2 ? 1 : 10);
    }

    private LocalDate day(Hints hints) {
        LocalDate near = hints.days.isEmpty() || random.nextInt(3) == 0 ? LocalDate.now()
            : hints.days.get(random.nextInt(hints.days.size()));
        return near.plusDays(switch (random.nextInt(5)) {
            case 0 -> random.nextInt(3) - 1;
            case 1 -> random.nextInt(61) - 30;
            case 2 -> -random.nextInt(365 * 30);
            case 3 -> random.nextInt(365);
            default -> -random.nextInt(365);
        });
    }

    private LocalDateTime time(LocalDate day) {
        return day.atTime(random.nextInt(24), random.nextInt(60)).plus(random.nextInt(2) * 30L, ChronoUnit.SECONDS);
    }

    private double[] point() {
        return new double[] {round(random.nextDouble() * 170 - 85), round(random.nextDouble() * 358 - 179),
            random.nextInt(2_000), random.nextInt(50) + 0.5};
    }

    private ArrayList<double[]> points(int number, boolean closed) {
        ArrayList<double[]> points = new ArrayList<>();
        for (int point = 0; point < number; point++) {
            points.add(point());
        }
        if (closed) {
            points.add(points.get(0));
        }
        return points;
    }

    private static double round(double value) {
        return Math.round(value * 1e7) / 1e7;
    }

    private String text(Hints hints, int attempt, String plain) {
        if (hints.isEmpty() || (attempt > 0 && attempt % 5 == 0)) {
            return plain;
        }
        if (!hints.patterns.isEmpty() && random.nextInt(10) > 0) {
            return Patterns.matching(hints.patterns.get(random.nextInt(hints.patterns.size())), random);
        }
        if (!hints.texts.isEmpty() && random.nextInt(3) > 0) {
            String literal = hints.texts.get(random.nextInt(hints.texts.size()));
            return random.nextBoolean() ? Patterns.matching(literal, random) : literal;
        }
        int length = hints.numbers.isEmpty() ? 1 + random.nextInt(12)
            : (int) Math.max(1, Math.min(500, Math.abs(hints.numbers.get(random.nextInt(hints.numbers.size())))));
        return Patterns.matching((random.nextBoolean() ? "[0-9]{" : "[a-z]{") + Math.max(1, length + random.nextInt(3) - 1) + "}", random);
    }

    private String words() {
        StringBuilder text = new StringBuilder(WORDS.get(random.nextInt(WORDS.size())));
        for (int more = random.nextInt(4); more > 0; more--) {
            text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    static LocalDate localDay(Date date) {
        return date.toInstant().atZone(ZoneId.systemDefault()).toLocalDate();
    }
}
