package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.IDataReference;
import org.javarosa.core.model.SubmissionProfile;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XPathReference;
import org.javarosa.xform.util.XFormAnswerDataSerializer;
import org.javarosa.xform.util.XFormUtils;

/** One person with one form: opens it, answers what it asks, finalizes it. */
final class Session {
    private static final int REPAIRS = 10;
    private final JsonNode job;
    private final boolean strict;
    private final boolean seeded;
    private final File folder;
    private FormDef form;
    private FormEntryController controller;
    private Outline outline;
    private Script script;
    private Chance chance;
    private Values values;
    private Attachments attachments;
    private final Map<String, ObjectNode> answered = new LinkedHashMap<>();
    private final ArrayNode violations = Main.JSON.createArrayNode();
    private final Map<String, Integer> instances = new HashMap<>();

    Session(JsonNode job) {
        this.job = job;
        this.strict = job.path("strict").asBoolean(true);
        this.seeded = job.hasNonNull("seed");
        this.folder = new File(job.get("folder").asText());
    }

    ObjectNode run() throws Exception {
        open();
        ArrayNode unused = Main.JSON.createArrayNode();
        if (!script.mistakes.isEmpty() && strict) {
            throw script.mistakes.get(0);
        }
        script.mistakes.forEach(mistake -> unused.add(mistake.report()));
        walk();
        for (int repair = 0; !valid() && repair < REPAIRS; repair++) {
            walk();
        }
        refuseUnasked(unused);
        return finish(unused);
    }

    private void open() throws Exception {
        new Device(job.path("device"));
        File xform = new File(job.get("xform").asText());
        Device.useMedia(new File(job.path("media").asText(xform.getParent())));
        form = XFormUtils.getFormFromFormXml(xform.getAbsolutePath(), null);
        long seed = job.path("seed").asLong(0);
        attachments = new Attachments(folder, seed);
        chance = new Chance(seed, attachments);
        values = new Values(attachments);
        controller = new FormEntryController(new FormEntryModel(form));
        form.initialize(true, new InstanceInitializationFactory());
        if (job.hasNonNull("language")) {
            controller.setLanguage(job.get("language").asText());
        }
        outline = new Outline(form);
        script = new Script(job.path("answers"), outline);
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
    }

    /** From here to the end of the form, screen by screen. */
    private void walk() {
        while (controller.stepToNextEvent() != FormEntryController.EVENT_END_OF_FORM) {
            FormIndex index = controller.getModel().getFormIndex();
            switch (controller.getModel().getEvent()) {
                case FormEntryController.EVENT_QUESTION -> question(index);
                case FormEntryController.EVENT_PROMPT_NEW_REPEAT -> offer(index);
                case FormEntryController.EVENT_REPEAT -> enter(index);
                default -> { }
            }
        }
    }

    private void question(FormIndex index) {
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt(index);
        Place place = Place.of(index.getReference(), outline);
        ObjectNode entry = answered.computeIfAbsent(place.toString(), path -> Main.JSON.createObjectNode().put("path", path));
        entry.put("name", place.name()).put("label", prompt.getQuestionText()).put("required", prompt.isRequired())
            .put("read_only", prompt.isReadOnly());
        Script.Line line = script.answer(place);
        if (prompt.isReadOnly()) {
            if (line != null && strict) {
                throw new Refused("readonly", place.toString(), "the form shows this but takes no answer");
            }
            return;
        }
        IAnswerData answer = choose(prompt, place, line);
        int outcome = controller.answerQuestion(answer, true);
        if (outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED) {
            violated(prompt, place, answer);
        }
        TreeElement node = form.getMainInstance().resolveReference(index.getReference());
        if (prompt.isRequired() && node.getValue() == null) {
            throw new Refused("required", place.toString(), "the form demands an answer here and none was "
                + (line == null ? "given or found" : "accepted")).with("violations", violations);
        }
        entry.put("shown", node.getValue() == null ? null : controller.getModel().getQuestionPrompt(index).getAnswerText());
    }

    private IAnswerData choose(FormEntryPrompt prompt, Place place, Script.Line line) {
        if (line != null) {
            line.asked = true;
            return values.from(line.value, prompt, place.toString());
        }
        IAnswerData present = prompt.getAnswerValue();
        boolean must = prompt.isRequired() && present == null && job.path("fill_required").asBoolean(true);
        boolean may = seeded && !chance.happens(present == null ? job.path("skip").asDouble(0.2) : 0.5);
        if (!must && !may) {
            return present;
        }
        TreeElement node = form.getMainInstance().resolveReference(prompt.getIndex().getReference());
        IAnswerData drawn = chance.answer(prompt, node, form);
        return drawn == null ? present : drawn;
    }

    private void violated(FormEntryPrompt prompt, Place place, IAnswerData answer) {
        String message = prompt.getConstraintText(answer);
        violations.addObject().put("path", place.toString()).put("value", answer == null ? null : answer.getDisplayText())
            .put("message", message);
        if (strict) {
            throw new Refused("constraint", place.toString(), message == null ? "the form does not accept this answer" : message)
                .with("violations", violations);
        }
    }

    private int wanted(Place repeat, int present) {
        return instances.computeIfAbsent(repeat.at(0).toString(), path -> {
            int told = script.instances(repeat);
            return told >= 0 ? told : seeded ? chance.upTo(job.path("repeats").asInt(3)) : present;
        });
    }

    private void offer(FormIndex index) {
        Place place = Place.of(index.getReference(), outline);
        if (place.position() <= wanted(place, place.position() - 1)) {
            controller.newRepeat();
        }
    }

    private void enter(FormIndex index) {
        Place place = Place.of(index.getReference(), outline);
        GroupDef repeat = outline.repeats.get(place.path());
        boolean counted = repeat.getCountReference() != null || repeat.noAddRemove;
        int present = form.getNumRepetitions(index);
        int wanted = counted ? present : wanted(place, present);
        if (counted && script.instances(place) > present && strict) {
            throw new Refused("repeat", place.toString(), "the form itself counts " + present + " instances here");
        }
        if (place.position() > wanted) {
            controller.jumpToIndex(controller.deleteRepeat());
            controller.stepToPreviousEvent();
        }
    }

    /** True when the whole form is valid; otherwise the form stands before the failing question. */
    private boolean valid() {
        ValidateOutcome outcome = form.validate();
        if (outcome == null) {
            return true;
        }
        Place place = Place.of(outcome.failedPrompt.getReference(), outline);
        FormEntryPrompt prompt = controller.getModel().getQuestionPrompt(outcome.failedPrompt);
        boolean constraint = outcome.outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED;
        if (script.answer(place) != null || !(seeded || !constraint)) {
            String message = constraint ? prompt.getConstraintText(prompt.getAnswerValue()) : "the form demands an answer here";
            throw new Refused(constraint ? "constraint" : "required", place.toString(), String.valueOf(message));
        }
        controller.jumpToIndex(outcome.failedPrompt);
        if (constraint) {
            TreeElement node = form.getMainInstance().resolveReference(outcome.failedPrompt.getReference());
            IAnswerData drawn = chance.answer(prompt, node, form);
            if (drawn == null && prompt.isRequired()) {
                throw new Refused("unsatisfied", place.toString(), "no value was found that the form accepts");
            }
            controller.answerQuestion(outcome.failedPrompt, drawn, true);
        } else {
            question(outcome.failedPrompt);
        }
        return false;
    }

    private void refuseUnasked(ArrayNode unused) {
        for (Script.Line line : script.all) {
            if (!line.asked) {
                Refused never = new Refused("unasked", line.place.toString(), "the form never asked this: it was not relevant, or this "
                    + "repeat instance does not exist");
                if (strict) {
                    throw never;
                }
                unused.add(never.report());
            }
        }
    }

    private ObjectNode finish(ArrayNode unused) throws IOException {
        if (form.validate() != null) {
            valid();
            throw new Refused("unsatisfied", "", "the form stayed invalid after " + REPAIRS + " corrections");
        }
        controller.finalizeFormEntry();
        SubmissionProfile profile = form.getSubmissionProfile();
        IDataReference part = profile == null || profile.getRef() == null ? new XPathReference("/") : profile.getRef();
        ByteArrayPayload payload = (ByteArrayPayload) new XFormSerializingVisitor().createSerializedPayload(form.getInstance(), part);
        Files.write(new File(job.get("xml").asText()).toPath(), payload.getPayloadBytes());
        ObjectNode report = Main.JSON.createObjectNode().put("ok", true).put("title", form.getTitle());
        report.set("answers", answers());
        report.set("violations", violations);
        report.set("unused", unused);
        report.set("files", Main.JSON.valueToTree(attachments.kept));
        return report;
    }

    private ArrayNode answers() {
        ArrayNode answers = Main.JSON.createArrayNode();
        XFormAnswerDataSerializer serializer = new XFormAnswerDataSerializer();
        for (ObjectNode entry : answered.values()) {
            TreeElement node = find(Place.parse(entry.get("path").asText()));
            IAnswerData value = node == null ? null : node.getValue();
            entry.put("value", value == null ? null : String.valueOf(serializer.serializeAnswerData(value, node.getDataType())));
            entry.put("relevant", node != null && relevant(node));
            answers.add(entry);
        }
        return answers;
    }

    private TreeElement find(Place place) {
        TreeElement node = form.getMainInstance().getRoot();
        for (int level = 1; level < place.names().size() && node != null; level++) {
            node = node.getChild(place.names().get(level), Math.max(0, place.positions().get(level) - 1));
        }
        return node;
    }

    private static boolean relevant(TreeElement node) {
        for (TreeElement part = node; part != null; part = (TreeElement) part.getParent()) {
            if (!part.isRelevant()) {
                return false;
            }
        }
        return true;
    }
}
