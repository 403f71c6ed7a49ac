MLFF_KERNEL(phase_0, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 9;    // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a7[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g3 = spline_sum<5, 9>(p.basis, c1 + p.row * 9 + f);
            const Group<9> g5 = group_at<9>(&c2[row_of(element[p.j], 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v3 = g3.value[u];
              const real v5 = g5.value[u];
              const real v6 = v3 * v5;
              a7[c + u] += v6;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a7, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c0, 1.0f, c3, false, ring, first_steps<8, 8, 1, 1>(c4),
                          b0 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g8 = group_at<8>(&b0[row_of(i, 8) + f]);
      Group<8> r10;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v8 = g8.value[u];
        const real v9 = m_softplus(v8);
        const real v10 = (-0.693147181f) + v9;
        r10.value[u] = v10;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r10);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c4, 1.0f, c5, false, ring, first_steps<8, 9, 1, 1>(c6),
                          b1 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c7[row_of(element[i], 8) + f]);
      const Group<8> g11 = group_at<8>(&b1[row_of(i, 8) + f]);
      Group<8> r12;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v11 = g11.value[u];
        const real v12 = v0 + v11;
        r12.value[u] = v12;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r12);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c6, 1.0f, nullptr, false, ring, no_steps(),
                          b2 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_1, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3,
            real* MLFF_RESTRICT b4) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 25;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c8));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a17[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g13 = spline_sum<5, 9>(p.basis, c9 + p.row * 9 + f);
            const Group<9> g15 = group_at<9>(&b2[row_of(p.j, 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v13 = g13.value[u];
              const real v15 = g15.value[u];
              const real v16 = v13 * v15;
              a17[c + u] += v16;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a17, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c8, 1.0f, c10, false, ring, first_steps<8, 8, 1, 1>(c11),
                          tile + 9 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g18 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r20;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v18 = g18.value[u];
        const real v19 = m_softplus(v18);
        const real v20 = (-0.693147181f) + v19;
        r20.value[u] = v20;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r20);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c11, 1.0f, c12, false, ring, first_steps<8, 5, 1, 1>(c13),
                          tile + 17 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c7[row_of(element[i], 8) + f]);
      const Group<8> g11 = group_at<8>(&b1[row_of(i, 8) + f]);
      const Group<8> g21 = group_at<8>(&tile[17 * kTile + t * 8 + f]);
      Group<8> r22;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v11 = g11.value[u];
        const real v12 = v0 + v11;
        const real v21 = g21.value[u];
        const real v22 = v12 + v21;
        r22.value[u] = v22;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r22);
    }
  }
  block_barrier();
  linear_tile<8, 5, 1, 1>(rows, tile + 0 * kTile, nullptr, c13, 1.0f, c14, false, ring, first_steps<5, 1, 1, 1>(c15),
                          tile + 17 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 5) {
      const Group<5> g23 = group_at<5>(&tile[17 * kTile + t * 5 + f]);
      const Group<5> g28 = group_at<5>(&c16[f]);
      Group<5> r24;
      Group<5> r35;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v23 = g23.value[u];
        const real v24 = m_silu(v23);
        const real v28 = g28.value[u];
        const real v29 = m_sigmoid(v23);
        const real v30 = -v29;
        const real v31 = 1.0f + v30;
        const real v32 = v23 * v31;
        const real v33 = 1.0f + v32;
        const real v34 = v29 * v33;
        const real v35 = v28 * v34;
        r24.value[u] = v24;
        r35.value[u] = v35;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r24);
      put_group<5>(&tile[17 * kTile + t * 5 + f], r35);
    }
  }
  block_barrier();
  linear_tile<5, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c15, 1.0f, nullptr, false, ring,
                          first_steps<5, 8, 1, 1>(c17), tile + 5 * kTile);
  linear_tile<5, 8, 1, 1>(rows, tile + 17 * kTile, nullptr, c17, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c18), b3 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v25 = tile[5 * kTile + t * 1];
        atom_energy[i] = v25;
      }
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, b3 + row_of(first, 8), nullptr, c18, 1.0f, nullptr, false, ring,
                          first_steps<8, 9, 1, 1>(c19), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g37 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g18 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r39;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v37 = g37.value[u];
        const real v18 = g18.value[u];
        const real v38 = m_sigmoid(v18);
        const real v39 = v37 * v38;
        r39.value[u] = v39;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r39);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c19, 1.0f, nullptr, false, ring, no_steps(),
                          b4 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_2, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c20,
            const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT b0,
            const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4,
            real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 17;   // of tile arrays, an atom
  constexpr int kSumNumbers = 1;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c20));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a43[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 1] = {};
        MLFF_EACH_GROUP(c, f, 9) {
          const Group<9> g14 = group_at<9>(&b2[row_of(i, 9) + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g13 = spline_sum<5, 9>(p.basis, c9 + p.row * 9 + f);
            const Group<9> g41 = group_at<9>(&b4[row_of(p.j, 9) + f]);
            const Group<9> g51 = spline_sum<5, 9>(p.slope, c9 + p.row * 9 + f);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v14 = g14.value[u];
              const real v13 = g13.value[u];
              const real v41 = g41.value[u];
              const real v42 = v13 * v41;
              const real v51 = g51.value[u];
              const real v54 = v41 * v51;
              const real v55 = v14 * v54;
              a43[c + u] += v42;
              part0[e * 1 + 0] += v55;
            }
          }
        }
        leave_sums<1>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v56 = left_sum<1>(sums, e, 0);
        const real v57x = p.ux * v56;
        const real v57y = p.uy * v56;
        const real v57z = p.uz * v56;
        const real v58x = -v57x;
        const real v58y = -v57y;
        const real v58z = -v57z;
        pair_gradient[row_of(q, 3)] = v58x;
        pair_gradient[row_of(q, 3) + 1] = v58y;
        pair_gradient[row_of(q, 3) + 2] = v58z;
      }
    }
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a43, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c20, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c21), tile + 9 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g36 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g44 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r45;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v36 = g36.value[u];
        const real v44 = g44.value[u];
        const real v45 = v36 + v44;
        r45.value[u] = v45;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r45);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c21, 1.0f, nullptr, false, ring,
                          first_steps<8, 9, 1, 1>(c22), tile + 8 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g46 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g8 = group_at<8>(&b0[row_of(i, 8) + f]);
      Group<8> r48;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v46 = g46.value[u];
        const real v8 = g8.value[u];
        const real v47 = m_sigmoid(v8);
        const real v48 = v46 * v47;
        r48.value[u] = v48;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r48);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c22, 1.0f, nullptr, false, ring, no_steps(),
                          b5 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_3, kMinPairBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 1;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;         // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, (int)64.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 1] = {};
        MLFF_EACH_GROUP(c, f, 9) {
          const Group<9> g4 = group_at<9>(&c2[row_of(element[i], 9) + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g50 = spline_sum<5, 9>(p.slope, c1 + p.row * 9 + f);
            const Group<9> g60 = group_at<9>(&b5[row_of(p.j, 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v4 = g4.value[u];
              const real v50 = g50.value[u];
              const real v60 = g60.value[u];
              const real v61 = v50 * v60;
              const real v62 = v4 * v61;
              part0[e * 1 + 0] += v62;
            }
          }
        }
        leave_sums<1>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v63 = left_sum<1>(sums, e, 0);
        const real v64x = p.ux * v63;
        const real v64y = p.uy * v63;
        const real v64z = p.uz * v63;
        const real v65x = -v64x;
        const real v65y = -v64y;
        const real v65z = -v64z;
        pair_gradient[row_of(q, 3)] += v65x;
        pair_gradient[row_of(q, 3) + 1] += v65y;
        pair_gradient[row_of(q, 3) + 2] += v65z;
      }
    }
  }
  block_barrier();
}
