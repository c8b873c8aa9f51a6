import type { Selection } from "./options.ts";

/** What a choice can be made by. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  /** As the container was started with it: `nginx`, `registry/shop/web:1.2`, or an id. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

const PROJECT = "com.docker.compose.project";

/** The test that the options make: every kind that is given must hold, none of the excluding ones may. */
export function selector(options: Selection): (candidate: Candidate) => boolean {
  const { compose_project: projects } = options;
  const names = options.containers.map(containerTest);
  const notNames = options.exclude_containers.map(containerTest);
  const images = options.images.map(imageTest);
  const notImages = options.exclude_images.map(imageTest);
  const labels = options.labels.map(labelTest);
  const notLabels = options.exclude_labels.map(labelTest);
  const any = (tests: readonly Test[], candidate: Candidate) => tests.some((test) => test(candidate));
  return (candidate) =>
    (names.length === 0 || any(names, candidate)) &&
    (images.length === 0 || any(images, candidate)) &&
    labels.every((test) => test(candidate)) &&
    (projects.length === 0 || projects.includes(candidate.labels[PROJECT] ?? "")) &&
    !any(notNames, candidate) &&
    !any(notImages, candidate) &&
    !any(notLabels, candidate);
}

type Test = (candidate: Candidate) => boolean;

function containerTest(text: string): Test {
  const byName = glob(text.replace(/^\//, ""));
  const isId = /^[0-9a-f]{12,64}$/.test(text);
  return ({ id, name }) => byName.test(name) || (isId && id.startsWith(text));
}

/** A glob without a tag stands for all tags of the image. */
function imageTest(text: string): Test {
  const hasTag = /[:@][^/]*$/.test(text);
  const whole = glob(text);
  return ({ image }) => whole.test(image) || (!hasTag && whole.test(image.replace(/[:@][^/]*$/, "")));
}

function labelTest(text: string): Test {
  const equals = text.indexOf("=");
  const key = equals < 0 ? text : text.slice(0, equals);
  return ({ labels }) => Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
}

/** `*` is any text, `?` any character. */
function glob(text: string): RegExp {
  const escaped = text.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
