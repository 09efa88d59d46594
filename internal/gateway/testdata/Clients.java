import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;

/** What pgjdbc does through the gateway: a transaction, COPY both ways, a cancel. */
public class Clients {
    public static void main(String[] args) throws Exception {
        try (Connection c = DriverManager.getConnection(args[0])) {
            c.setAutoCommit(false);
            try (Statement s = c.createStatement()) {
                s.execute("create table j (a int, b text)");
            }
            StringBuilder rows = new StringBuilder();
            for (int i = 0; i < 10000; i++) {
                rows.append(i).append("\trow ").append(i).append('\n');
            }
            long n = c.unwrap(PGConnection.class).getCopyAPI().copyIn("copy j from stdin", new StringReader(rows.toString()));
            check(n == 10000, "copied in " + n);
            c.commit();
            try (PreparedStatement p = c.prepareStatement("select count(*) from j where a < ?")) {
                for (int i = 1; i <= 3; i++) {
                    p.setInt(1, i * 100);
                    try (ResultSet r = p.executeQuery()) {
                        check(r.next() && r.getInt(1) == i * 100, "counted");
                    }
                }
            }
            StringWriter out = new StringWriter();
            n = c.unwrap(PGConnection.class).getCopyAPI().copyOut("copy j to stdout", out);
            check(n == 10000, "copied out " + n);
            try (Statement s = c.createStatement()) {
                s.execute("delete from j");
                c.rollback();
                try (ResultSet r = s.executeQuery("select count(*) from j")) {
                    check(r.next() && r.getInt(1) == 10000, "rolled back");
                }
                Thread canceller = new Thread(() -> {
                    try {
                        Thread.sleep(300);
                        s.cancel();
                    } catch (Exception e) {
                        e.printStackTrace();
                    }
                });
                canceller.start();
                try {
                    s.execute("select pg_sleep(60)");
                    check(false, "it was not cancelled");
                } catch (SQLException e) {
                    check("57014".equals(e.getSQLState()), e.toString());
                }
                canceller.join();
                c.rollback();
                try (ResultSet r = s.executeQuery("select 1")) {
                    check(r.next() && r.getInt(1) == 1, "served after the cancel");
                }
            }
        }
        System.out.println("pgjdbc passed");
    }

    static void check(boolean ok, String what) {
        if (!ok) {
            throw new AssertionError(what);
        }
    }
}
