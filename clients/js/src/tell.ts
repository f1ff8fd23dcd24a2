// Calls a handler of the application. What it throws is reported like an error of an event listener,
// and changes nothing for those who are told next.

export function tell(handler: () => void): void {
  try {
    handler();
  } catch (error) {
    if (typeof reportError === 'function') reportError(error);
    else console.error(error);
  }
}
