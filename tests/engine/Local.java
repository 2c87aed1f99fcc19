import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteJob;
import com.almworks.sqlite4java.SQLiteQueue;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import com.amazonaws.services.dynamodbv2.local.shared.access.AmazonDynamoDBLocal;
import com.amazonaws.services.dynamodbv2.local.shared.access.LocalDBClient;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.SQLiteDBAccess;
import java.lang.reflect.Field;
import java.util.HashMap;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * AWS's DynamoDB Local, in memory, as its own main starts it, but for four things: it listens on loopback alone, on a
 * free port that it prints; it ends when its standard input does, so that it never outlives who started it; it takes
 * the requests by which its makers let time pass and shards roll (local.py has them), which no option of its turns on;
 * and it finds the first record of a stream by an index.
 */
public class Local {
    public static void main(String[] arguments) throws Exception {
        var maker = LocalDynamoDBRequestHandler.class.getDeclaredConstructor(
            int.class, boolean.class, String.class, boolean.class, boolean.class, boolean.class);
        maker.setAccessible(true);
        // No port of its own, in memory, no file, a database for each access key, no delays, with test control.
        var requests = maker.newInstance(0, true, null, false, false, true);
        field(LocalDynamoDBRequestHandler.class, "dbRequestHandlers").set(requests, new Databases());
        var proxy = new DynamoDBProxyServer(0, new LocalDynamoDBServerHandler(requests, null));

        var server = (Server) field(DynamoDBProxyServer.class, "server").get(proxy);
        var connector = (ServerConnector) server.getConnectors()[0];
        connector.setHost("127.0.0.1");
        proxy.safeStart();
        System.out.println("port " + connector.getLocalPort());

        while (System.in.read() != -1) { }
        Runtime.getRuntime().halt(0); // nothing to save
    }

    static Field field(Class<?> owner, String name) throws NoSuchFieldException {
        var field = owner.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /**
     * Its databases by access key. With each statement it asks for the first record of the table's newest stream, and
     * goes through all records of older ones for it: behind 8,000 of them a row took twenty milliseconds instead of one.
     */
    static class Databases extends HashMap<String, AmazonDynamoDBLocal> {
        @Override
        public AmazonDynamoDBLocal put(String key, AmazonDynamoDBLocal database) {
            try {
                var access = field(LocalDBClient.class, "dbAccess").get(database);
                ((SQLiteQueue) field(SQLiteDBAccess.class, "queue").get(access)).execute(new SQLiteJob<Void>() {
                    @Override
                    protected Void job(SQLiteConnection connection) throws Throwable {
                        connection.exec("CREATE INDEX IF NOT EXISTS us_of_stream ON us (StreamID, SequenceNumber)");
                        return null;
                    }
                }).get();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
            return super.put(key, database);
        }
    }
}
