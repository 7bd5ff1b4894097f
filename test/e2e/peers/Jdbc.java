import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Runs each line of standard input as a statement over one connection, whose URL is the argument: says "connected", then
 * "done" or "failed: STATE MESSAGE" for each, on one line.
 */
public class Jdbc {
  public static void main(String[] args) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    try (Connection connection = DriverManager.getConnection(args[0]);
        Statement statement = connection.createStatement()) {
      System.out.println("connected");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        try {
          statement.execute(line);
          System.out.println("done");
        } catch (SQLException e) {
          System.out.println("failed: " + e.getSQLState() + " " + e.getMessage().replace('\n', ' '));
        }
      }
    }
  }
}
