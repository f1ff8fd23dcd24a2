// What the library takes from the world around it: time, chance, and whether there is a network.
// Tests give it another world.

export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Runs `run` in `ms` milliseconds; what it gives back cancels that. */
  after(ms: number, run: () => void): () => void;
  online(): boolean;
  /**
   * Calls `awake` when waiting any longer makes no sense (the network is back, the page is looked
   * at again) and `lost` when the network goes. What it gives back ends that.
   */
  watch(awake: () => void, lost: () => void): () => void;
  /** A key that nobody else makes. */
  newKey(): string;
}

/** The browser's, or Node's where nobody tells about networks. */
export function defaultEnvironment(): Environment {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    online: () => typeof navigator === 'undefined' || navigator.onLine !== false,
    watch,
    newKey: () => Array.from({ length: 4 }, randomWord).join(''),
  };
}

function watch(awake: () => void, lost: () => void): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {};
  const seen = (): void => {
    if (document.visibilityState === 'visible') awake();
  };
  window.addEventListener('online', awake);
  window.addEventListener('offline', lost);
  document.addEventListener('visibilitychange', seen);
  return () => {
    window.removeEventListener('online', awake);
    window.removeEventListener('offline', lost);
    document.removeEventListener('visibilitychange', seen);
  };
}

/** Keys must not meet; nobody has to be unable to guess them. Node 18 has no global crypto. */
function randomWord(): string {
  const word =
    typeof crypto === 'undefined'
      ? Math.floor(Math.random() * 2 ** 32)
      : crypto.getRandomValues(new Uint32Array(1))[0]!;
  return word.toString(16).padStart(8, '0');
}
