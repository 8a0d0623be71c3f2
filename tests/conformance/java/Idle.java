/** Does nothing until it is told to end: how long any program of Java takes for that. */
public final class Idle {
    private Idle() { }

    public static void main(String[] args) throws InterruptedException {
        System.out.println("running");
        Thread.sleep(Long.MAX_VALUE);
    }
}
