package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.IDataReference;
import org.javarosa.core.model.SubmissionProfile;
import org.javarosa.core.model.actions.recordaudio.RecordAudioActions;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.FormInstance;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.core.util.PropertyUtils;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XPathReference;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormAnswerDataSerializer;

/** One person with one form: opened blank, from a draft or from a sent instance to edit; answered; finalized. */
final class Session {
    private static final int ROUNDS = 10;
    private final JsonNode job;
    private final boolean strict;
    private final File media;
    private final Device device;
    private final Attachments attachments;
    private final List<TreeReference> recorded = new ArrayList<>();
    private FormDef form;
    private FormEntryController controller;
    private Outline outline;

    Session(JsonNode job) {
        this.job = job;
        this.strict = job.path("strict").asBoolean(true);
        this.media = new File(job.get("media").asText());
        this.device = new Device(job.path("device"));
        this.attachments = new Attachments(new File(job.get("folder").asText()), job.path("seed").asLong(0));
    }

    ObjectNode run() throws Exception {
        open(job.hasNonNull("edit") ? Files.readAllBytes(new File(job.get("edit").asText()).toPath()) : null);
        Script script = new Script(job.path("answers"), outline);
        if (!script.mistakes.isEmpty() && strict) {
            throw script.mistakes.get(0);
        }
        AuditLog audit = new AuditLog(form.getMainInstance().getRoot(), device);
        Interview interview = answer(new Interview(controller, outline, script, attachments, audit, job));
        if (job.path("through_draft").asBoolean(false)) {
            List<TreeReference> recording = List.copyOf(recorded);
            open(new XFormSerializingVisitor(false).serializeInstance(form.getInstance()));
            recorded.addAll(recording);
            audit.resume(form.getMainInstance().getRoot());
            JsonNode quiet = ((ObjectNode) job).deepCopy().without(List.of("seed", "answers"));
            Script nothing = new Script(quiet.path("answers"), outline);
            interview = answer(new Interview(controller, outline, nothing, attachments, audit, quiet));
        }
        ObjectNode report = Main.JSON.createObjectNode().put("ok", true).put("title", form.getTitle());
        report.set("unused", unused(script));
        keepRecording();
        audit.keep(attachments);
        controller.finalizeFormEntry();
        Files.write(new File(job.get("xml").asText()).toPath(), submission());
        Files.write(new File(job.get("saved").asText()).toPath(), new XFormSerializingVisitor(false).serializeInstance(form.getInstance()));
        report.set("answers", answers(interview));
        report.set("violations", interview.violations);
        report.set("files", Main.JSON.valueToTree(attachments.kept));
        return report;
    }

    private static Interview answer(Interview interview) {
        for (int round = 0; round < ROUNDS; round++) {
            interview.walk();
            if (interview.valid()) {
                return interview;
            }
        }
        throw new Refused("unsatisfied", "", "the form stayed invalid after " + ROUNDS + " rounds of corrections");
    }

    /** The form is open at its beginning, blank or as an earlier instance left it. */
    private void open(byte[] earlier) throws Exception {
        Device.useMedia(media, new File(job.get("last_saved").asText()));
        recorded.clear();
        RecordAudioActions.setRecordAudioListener((reference, quality) -> recorded.add(reference));
        form = Forms.open(new File(job.get("xform").asText()));
        controller = new FormEntryController(new FormEntryModel(form));
        controller.addFunctionHandler(new PullData(media));
        if (earlier != null) {
            restore(earlier);
        }
        form.initialize(earlier == null, new InstanceInitializationFactory());
        if (job.hasNonNull("edit")) {
            controller.addPostProcessor(model -> deprecate(model.getForm().getMainInstance()));
        }
        if (job.hasNonNull("language")) {
            controller.setLanguage(job.get("language").asText());
        }
        outline = new Outline(form);
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
    }

    private void restore(byte[] earlier) {
        TreeElement saved = XFormParser.restoreDataModel(earlier, null).getRoot();
        TreeElement blank = form.getInstance().getRoot().deepCopy(true);
        if (!saved.getName().equals(blank.getName())) {
            throw new Refused("value", "/" + saved.getName(), "this instance belongs to another form");
        }
        blank.populate(saved, form);
        form.getInstance().setName(null);
        form.getInstance().setRoot(blank);
        if (controller.getModel().getLanguages() != null) {
            form.localeChanged(controller.getModel().getLanguage(), form.getLocalizer());
        }
    }

    /** An edit is an instance of its own that names the one it replaces. */
    private static void deprecate(FormInstance instance) {
        TreeElement meta = instance.getRoot().getFirstChild("meta");
        TreeElement id = meta.getFirstChild("instanceID");
        TreeElement replaced = meta.getFirstChild("deprecatedID");
        if (replaced == null) {
            replaced = new TreeElement("deprecatedID");
            meta.addChild(replaced);
        }
        replaced.setAnswer(id.getValue());
        id.setAnswer(new StringData("uuid:" + PropertyUtils.genUUID()));
    }

    /** One recording of the whole filling, named by every question that asked for one. */
    private void keepRecording() {
        if (!recorded.isEmpty()) {
            String name = attachments.keepRandom(Constants.CONTROL_AUDIO_CAPTURE);
            recorded.forEach(reference -> form.setValue(new StringData(name), reference, false));
        }
    }

    private byte[] submission() throws IOException {
        SubmissionProfile profile = form.getSubmissionProfile();
        IDataReference part = profile == null || profile.getRef() == null ? new XPathReference("/") : profile.getRef();
        return ((ByteArrayPayload) new XFormSerializingVisitor().createSerializedPayload(form.getInstance(), part)).getPayloadBytes();
    }

    private ArrayNode unused(Script script) {
        ArrayNode unused = Main.JSON.createArrayNode();
        script.mistakes.forEach(mistake -> unused.add(mistake.report()));
        for (Script.Line line : script.all) {
            if (!line.asked) {
                Refused never = line.counts
                    ? new Refused("repeat", line.place.toString(), "the form itself counts, and it had fewer instances here")
                    : new Refused("unasked", line.place.toString(),
                        "the form never asked this: it was not relevant, or this repeat instance does not exist");
                if (strict) {
                    throw never;
                }
                unused.add(never.report());
            }
        }
        return unused;
    }

    private ArrayNode answers(Interview interview) {
        ArrayNode answers = Main.JSON.createArrayNode();
        XFormAnswerDataSerializer serializer = new XFormAnswerDataSerializer();
        for (ObjectNode entry : interview.asked.values()) {
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
        for (Object part = node; part instanceof TreeElement element; part = element.getParent()) {
            if (!element.isRelevant()) {
                return false;
            }
        }
        return true;
    }
}
