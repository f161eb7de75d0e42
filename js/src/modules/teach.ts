// What is said to the model besides labels. Not in the Labeler's own bundle, because most items need none of it.
export { teachingView } from "../widgets/labeler/teaching";
