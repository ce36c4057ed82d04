// The wire to a SOAP core.

export interface CoreRequest {
  readonly endpoint: string
  readonly soap: '1.1' | '1.2'
  readonly action: string | undefined
  readonly message: string
  readonly timeoutMs: number
}

export interface CoreResponse {
  readonly status: number
  readonly body: Uint8Array
}

/** Sends one message with a deadline over a reused connection. Refuses with `core.timeout` or `core.unreachable`. */
export interface CoreClient {
  send(request: CoreRequest): Promise<CoreResponse>
}
