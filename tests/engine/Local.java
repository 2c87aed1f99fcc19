import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * AWS's DynamoDB Local, in memory, as its own main starts it, but for three things: it listens on loopback alone, on a
 * free port that it prints; it ends when its standard input does, so that it never outlives who started it; and it takes
 * the requests by which its makers let time pass and shards roll (local.py has them), which no option of its turns on.
 */
public class Local {
    public static void main(String[] arguments) throws Exception {
        var maker = LocalDynamoDBRequestHandler.class.getDeclaredConstructor(
            int.class, boolean.class, String.class, boolean.class, boolean.class, boolean.class);
        maker.setAccessible(true);
        // No port of its own, in memory, no file, a database for each access key, no delays, with test control.
        var requests = maker.newInstance(0, true, null, false, false, true);
        var proxy = new DynamoDBProxyServer(0, new LocalDynamoDBServerHandler(requests, null));

        var field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        var connector = (ServerConnector) ((Server) field.get(proxy)).getConnectors()[0];
        connector.setHost("127.0.0.1");
        proxy.safeStart();
        System.out.println("port " + connector.getLocalPort());

        while (System.in.read() != -1) { }
        Runtime.getRuntime().halt(0); // nothing to save
    }
}
