import java.io.File;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** One line per file and profile: file, profile, true|false, and the clauses that fail. */
public class VeraCheck {
    private static final PDFAFlavour[] PROFILES = {PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1};

    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String file : files) {
            for (PDFAFlavour profile : PROFILES) {
                System.out.println(new File(file).getName() + "\t" + profile.getId() + "\t" + verdict(file, profile));
            }
        }
    }

    private static String verdict(String file, PDFAFlavour profile) throws Exception {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), profile);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, false)) {
            ValidationResult result = validator.validate(parser);
            StringBuilder clauses = new StringBuilder();
            for (TestAssertion failed : result.getTestAssertions()) {
                clauses.append(" ").append(failed.getRuleId().getClause()).append(": ").append(failed.getMessage());
            }
            return result.isCompliant() + "\t" + clauses;
        }
    }
}
