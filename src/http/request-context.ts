// What a back end says of where the customer began: in `request_context` of CIBA, and `context` of the transaction API.
import { z } from 'zod'
import type { ApprovalPlace } from '../domain/approval.ts'
import { messageFault } from '../domain/plain-text.ts'

/** It stands on the phone beside our own words, and must read as it is. */
const plainText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => messageFault(text) === undefined)

export const longestMessage = 100

/** May it stand on the phone as *their message*? It must read as it is, and lead nowhere (attack 131). */
export const isMessage = (text: string): boolean =>
  text.length <= longestMessage && messageFault(text) === undefined

export const latitude = z.number().min(-90).max(90).optional()
export const longitude = z.number().min(-180).max(180).optional()

interface Pair {
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
}

/** One of the two is no place. */
export const bothOrNone = (one: Pair): boolean =>
  (one.latitude === undefined) === (one.longitude === undefined)

export const coordinatesOf = ({ latitude, longitude }: Pair): ApprovalPlace['at'] =>
  latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }

export const requestContext = z
  .strictObject({
    ip_address: z.union([z.ipv4(), z.ipv6()]).optional(),
    device: plainText(60).optional(),
    town: plainText(60).optional(),
    latitude,
    longitude,
  })
  .refine(bothOrNone, { path: ['latitude'] })

export const placeOfContext = (context: z.infer<typeof requestContext>): ApprovalPlace => ({
  address: context.ip_address,
  device: context.device,
  town: context.town,
  at: coordinatesOf(context),
})
