// Cooperative matrices of 16 × 16: operands in f16, sums in f32.
// Provides: MatrixA, MatrixB, MatrixC, EDGE
// Needs: nothing
alias MatrixA = coop_mat16x16<f16, A>;
alias MatrixB = coop_mat16x16<f16, B>;
alias MatrixC = coop_mat16x16<f32, C>;
const EDGE = 16u;
