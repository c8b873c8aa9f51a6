export { s3Client } from "./client.ts";
export { readConnection, type S3Connection, s3Connection } from "./connection.ts";
export { isCredentialsFault, ObjectChangedError, s3Fault, statusOf } from "./faults.ts";
export { type ListedObject, listedKey, listObjects, nextPage, readObject } from "./objects.ts";
