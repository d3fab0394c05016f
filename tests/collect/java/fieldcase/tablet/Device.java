package fieldcase.tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.actions.setgeopoint.SetGeopointAction;
import org.javarosa.core.model.actions.setgeopoint.SetGeopointActionHandler;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.reference.RootTranslator;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.parse.XFormParser;
import org.joda.time.DateTimeZone;

/** The tablet around the form engine: who uses it, where it stands, which files lie beside the form. */
final class Device implements IPropertyManager {
    static final String LAST_SAVED = "last-saved.xml";
    private static String location = "";
    private final Map<String, String> properties = new HashMap<>();

    Device(JsonNode told) {
        told.fields().forEachRemaining(entry -> {
            String value = entry.getValue().asText();
            if (!value.isBlank()) {
                properties.put(entry.getKey().toLowerCase(Locale.ROOT), value);
                properties.put("uri:" + entry.getKey().toLowerCase(Locale.ROOT), scheme(entry.getKey()) + value);
            }
        });
        location = told.path("location").asText("");
        TimeZone zone = TimeZone.getTimeZone(told.path("time_zone").asText("UTC"));
        TimeZone.setDefault(zone);
        DateTimeZone.setDefault(DateTimeZone.forTimeZone(zone));
        org.javarosa.core.services.PropertyManager.setPropertyManager(this);
    }

    /** The engine knows every class and action that the tablet's engine knows. */
    static void prepareEngine() {
        Locale.setDefault(Locale.US);
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
        PrototypeManager.registerPrototype(Standing.class.getName());
        XFormParser.registerActionHandler(SetGeopointActionHandler.ELEMENT_NAME, new SetGeopointActionHandler() {
            @Override
            public SetGeopointAction getSetGeopointAction() {
                return new Standing(null);
            }
        });
    }

    /** Every jr:// address leads into the folder of the form's media, except to the instance that was saved last. */
    static void useMedia(File folder, File lastSaved) {
        ReferenceManager manager = ReferenceManager.instance();
        manager.reset();
        manager.addReferenceFactory(new PrefixedRootFactory(new String[] {"file"}) {
            @Override
            protected Reference factory(String terminal, String uri) {
                return new MediaFile(terminal.endsWith(LAST_SAVED) ? lastSaved : new File(folder, terminal), uri);
            }
        });
        for (String host : List.of("images", "image", "audio", "video", "file-csv")) {
            manager.addSessionRootTranslator(new RootTranslator("jr://" + host + "/", "jr://file/"));
        }
    }

    private static String scheme(String property) {
        return switch (property) {
            case "username" -> "username:";
            case "phonenumber" -> "tel:";
            case "email" -> "mailto:";
            default -> ":";
        };
    }

    String location() {
        return location;
    }

    @Override
    public String getSingularProperty(String name) {
        return properties.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }

    @Override
    public List<String> getProperty(String name) {
        return List.of();
    }

    @Override
    public void setProperty(String name, String value) {
    }

    @Override
    public void setProperty(String name, List<String> value) {
    }

    @Override
    public void addRules(IPropertyRules rules) {
    }

    @Override
    public List<IPropertyRules> getRules() {
        return List.of();
    }

    /** The background location (the constructor with a target is the one that names the action) of a tablet that always knows where it stands, or never when no location was told. */
    public static final class Standing extends SetGeopointAction {
        public Standing() {
            super();
        }

        public Standing(TreeReference target) {
            super(target);
        }

        @Override
        public void requestLocationUpdates() {
            if (!location.isEmpty()) {
                saveLocationValue(location);
            }
        }
    }

    private record MediaFile(File file, String uri) implements Reference {
        @Override
        public boolean doesBinaryExist() {
            return file.isFile();
        }

        @Override
        public InputStream getStream() throws IOException {
            return new FileInputStream(file);
        }

        @Override
        public String getURI() {
            return uri;
        }

        @Override
        public String getLocalURI() {
            return file.getAbsolutePath();
        }

        @Override
        public boolean isReadOnly() {
            return true;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            throw new IOException("media of a form are never written");
        }

        @Override
        public void remove() throws IOException {
            throw new IOException("media of a form are never removed");
        }

        @Override
        public Reference[] probeAlternativeReferences() {
            return new Reference[0];
        }
    }
}
