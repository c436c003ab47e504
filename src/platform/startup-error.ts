/** A reason not to start that a person can do something about. Printed as message and remedy, without a stack. */
export class StartupError extends Error {
  override name = 'StartupError'
  readonly remedy: string

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}
